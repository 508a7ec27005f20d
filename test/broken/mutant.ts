/** A change of one file: `find` must occur in it exactly once, so that a mutant cannot rot. */
export interface Patch {
  /** Below src/. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A build of the library with one rule removed or weakened. */
export interface Mutant {
  /** Unique; says what is wrong with it. */
  readonly name: string;
  /** The rule of SPECIFICATION.md section 9 that is broken, or the part of the protocol. */
  readonly rule: string;
  readonly patches: readonly Patch[];
  /** Ids of the traces that must fail with it, whatever else catches it. */
  readonly traces?: readonly string[];
  /** Ids of the scenarios that should catch it, most likely and cheapest first. When none does, all others are tried. */
  readonly expected: readonly string[];
  /**
   * Whether the simulator's own code is built with the change, too. By default it and its checkers are not: they
   * judge by the rules as they should be.
   */
  readonly everywhere?: true;
}

/** A fault that makes a patch worthless. */
class PatchError extends Error {
  override readonly name = 'PatchError';
}

/** `source` with the change. Throws when the text to find does not occur exactly once. */
function apply(source: string, { file, find, replace }: Patch): string {
  const at = source.indexOf(find);
  if (at < 0) throw new PatchError(`${file} does not contain:\n${find}`);
  if (source.indexOf(find, at + 1) >= 0) throw new PatchError(`${file} contains more than once:\n${find}`);
  if (find === replace) throw new PatchError(`${file} is not changed by:\n${find}`);
  return source.slice(0, at) + replace + source.slice(at + find.length);
}

/** The changed sources of a mutant, by file below src/. Throws `PatchError` when a patch does not fit any more. */
export function patchedSources(
  { patches }: Pick<Mutant, 'patches'>,
  read: (file: string) => string,
): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const patch of patches)
    sources.set(patch.file, apply(sources.get(patch.file) ?? read(patch.file), patch));
  return sources;
}
