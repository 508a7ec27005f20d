/** The deterministic simulator: replicas, network, disks and clocks in one thread, for testing apps under faults. */

export { chameleon } from './adversaries/chameleon.ts';
export { ADVERSARIES, type AdversaryName, anyAdversary } from './adversaries/index.ts';
export type { Adversary, AdversaryControls, AdversaryFactory, Peer } from './adversary.ts';
export type { Command, SimulatedApp } from './app.ts';
export { ALL_CHECKERS } from './checkers/index.ts';
export type { DiskReads } from './contents.ts';
export { constant, type Delay, delaysWithin, uniform } from './delays.ts';
export { SimulationFailure } from './failure.ts';
export { type FaultOptions, jealousNetwork, randomFaults, randomStorm } from './faults.ts';
export type { Forge } from './forge.ts';
export { calm, type LinkBehaviour, type NetworkOptions, stormy } from './network.ts';
export type { Checker, CheckerFactory, ObservedReplica, ObservedWorld } from './observer.ts';
export type { Interception, Interceptor } from './post.ts';
export { createRandom, type Random } from './random.ts';
export { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts';
export type { Recording } from './recording.ts';
export type { ReplicaView } from './replica-view.ts';
export { describeEntry, type TraceEntry } from './trace.ts';
export { type RenderOptions, renderTrace } from './trace-page.ts';
export type { Fate, Flight, Witness, WitnessedWorld } from './witness.ts';
export { createWorld, World } from './world.ts';
export type { WorldOptions } from './world-options.ts';
