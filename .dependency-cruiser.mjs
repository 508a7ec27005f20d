// The import rules of docs/ARCHITECTURE.md, as a machine checks them.
//
// A layer may import itself and what its entry in LAYERS lists, nothing else: not another layer, not Node's
// modules, not a package. What a layer may not import is an error wherever it is written, in types as well.

/** @typedef {import('dependency-cruiser').IForbiddenRuleType} Rule */

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} path the layer's files
 * @property {readonly string[]} may what its files may import besides each other
 */

const MODEL = '^src/model/';
const CODEC = '^src/codec/';
const CORE = '^src/core/';
const PORTS = '^src/ports/';
const STORAGE = '^src/storage/';
const RUNTIME = '^src/runtime/';
const INDEX = '^src/index\\.ts$';
const ADAPTER_INDEX = '^src/adapters/[^/]+/index\\.ts$';
/** Helpers for small byte strings, which know nothing of the protocol. */
const CODEC_BYTES = '^src/codec/bytes\\.ts$';
const STATE_MACHINE_INDEX = '^src/state-machine/index\\.ts$';
const SIMULATOR_INDEX = '^src/simulator/index\\.ts$';

/** How Node's own modules appear: without their prefix. Of zlib, its checksum alone is wanted. */
const NODE_HASHES = '^(node:)?(crypto|zlib)$';
const NODE_ANY =
  '^(node:)?(async_hooks|buffer|child_process|cluster|console|crypto|diagnostics_channel|dns|events|fs|http|https|inspector|module|net|os|path|perf_hooks|process|readline|stream|string_decoder|test|timers|tls|tty|url|util|v8|vm|worker_threads|zlib|assert)(/|$)';

/** @param {string} name */
const npm = (name) => `node_modules/${name}/`;

/** @type {readonly Layer[]} */
const LAYERS = [
  { name: 'model', path: MODEL, may: [] },
  { name: 'codec', path: CODEC, may: [MODEL, NODE_HASHES] },
  { name: 'core', path: CORE, may: [MODEL, CODEC] },
  { name: 'ports', path: PORTS, may: [MODEL] },
  { name: 'storage', path: STORAGE, may: [MODEL, CODEC, PORTS, CORE] },
  { name: 'runtime', path: RUNTIME, may: [MODEL, CODEC, CORE, PORTS, STORAGE, NODE_ANY] },
  { name: 'index', path: INDEX, may: [MODEL, CODEC, CORE, PORTS, STORAGE, RUNTIME] },
  { name: 'adapter lmdb', path: '^src/adapters/lmdb/', may: [MODEL, CODEC, PORTS, NODE_ANY, npm('lmdb')] },
  { name: 'adapter memory', path: '^src/adapters/memory/', may: [MODEL, CODEC, PORTS] },
  { name: 'adapter native', path: '^src/adapters/native/', may: [MODEL, CODEC, PORTS, NODE_ANY, '^build/'] },
  {
    name: 'adapter piscina',
    path: '^src/adapters/piscina/',
    // The one exception to "each adapter alone": what the workers do is call the addon, and one loader for it is enough.
    may: [MODEL, CODEC, PORTS, NODE_ANY, npm('piscina'), '^src/adapters/native/binding\\.ts$'],
  },
  {
    name: 'adapter tls',
    path: '^src/adapters/tls/',
    may: [MODEL, CODEC, PORTS, NODE_ANY, npm('@peculiar/x509'), npm('reflect-metadata')],
  },
  {
    name: 'state-machine',
    path: '^src/state-machine/',
    may: [INDEX, MODEL, PORTS, CODEC_BYTES, NODE_HASHES],
  },
  { name: 'simulator', path: '^src/simulator/', may: [MODEL, CODEC, CORE, PORTS, STORAGE, NODE_HASHES] },
  {
    name: 'cli',
    path: '^src/cli/',
    may: [INDEX, ADAPTER_INDEX, STATE_MACHINE_INDEX, SIMULATOR_INDEX, NODE_ANY, npm('commander'), npm('zod')],
  },
];

/** @type {readonly Rule[]} */
const layerRules = LAYERS.map(({ name, path, may }) => ({
  name: `layer ${name}`,
  comment: `${name} may import only itself and: ${may.length === 0 ? 'nothing' : may.join(' ')}`,
  severity: 'error',
  from: { path },
  to: { pathNot: [path, ...may], couldNotResolve: false },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    {
      name: 'every file has a layer',
      comment: 'a file outside of the layers would escape their rules',
      severity: 'error',
      from: { path: '^src/', pathNot: LAYERS.map(({ path }) => path) },
      to: {},
    },
    {
      name: 'storage takes types alone from core',
      comment: 'storage knows the shapes that the core writes and recovers, never its rules',
      severity: 'error',
      from: { path: STORAGE },
      to: { path: CORE, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no cycles',
      comment:
        'two files that need each other have one subject, or hide a third; only a state may name the types of its parts',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'examples are for users',
      comment: 'an example imports what a user can import',
      severity: 'error',
      from: { path: '^examples/' },
      to: {
        path: '^(src|test|bench|sim)/',
        pathNot: [INDEX, ADAPTER_INDEX, STATE_MACHINE_INDEX, SIMULATOR_INDEX],
      },
    },
    {
      name: 'nothing unresolved',
      comment: 'a module that cannot be found escapes every other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^\\.\\./.*build/hotstuff-native' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/', '^build/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'node', 'import', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
