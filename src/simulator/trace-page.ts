import type { PageData } from './page-data.ts';
import { FATES, MARK_KINDS, MESSAGE_KINDS, type Recording } from './recording.ts';
import { PAGE_BODY, PAGE_SCRIPT, PAGE_STYLE } from './trace-page-assets.ts';

export interface RenderOptions {
  /** What went wrong, to be shown on top; the page then opens at the end. */
  readonly failure?: string;
}

/** Data must not end the element that it is in, nor begin a comment in it. */
const embedded = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/**
 * A page to browse a recording with: one HTML file that needs nothing else, neither network nor other files. A lane
 * per replica, messages as arrows, views, locks, commits and faults; the same recording gives the same bytes.
 */
export function renderTrace(recording: Recording, { failure }: RenderOptions = {}): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>hotstuff-ts trace, seed ${recording.seed}</title>
<style>
${PAGE_STYLE}</style>
</head>
<body>
${PAGE_BODY}<script type="application/json" id="data">${embedded(pageData(recording, failure ?? null))}</script>
<script>
${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** `failure` says what went wrong, if anything did. */
function pageData(recording: Recording, failure: string | null): PageData {
  const { flights, marks, notes, texts, ...world } = recording;
  // Of a long recording the texts of what was forgotten are left out.
  const kept: string[] = [];
  const places = new Map<number, number>();
  const placeOf = ({ text }: { readonly text: number }): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    const place = kept.push(texts[text] as string) - 1;
    places.set(text, place);
    return place;
  };
  return {
    ...world,
    failure,
    messageKinds: MESSAGE_KINDS,
    fates: FATES,
    markKinds: MARK_KINDS,
    flights: {
      from: flights.map(({ from }) => from),
      to: flights.map(({ to }) => to),
      kind: flights.map(({ kind }) => kind),
      sentAt: flights.map(({ sentAt }) => sentAt),
      dueAt: flights.map(({ dueAt }) => dueAt),
      fate: flights.map(({ fate }) => fate),
      late: flights.map(({ isLate }) => (isLate ? 1 : 0)),
      text: flights.map(placeOf),
    },
    marks: {
      replica: marks.map(({ replica }) => replica),
      at: marks.map(({ at }) => at),
      kind: marks.map(({ kind }) => kind),
      text: marks.map(placeOf),
      view: marks.map(({ view }) => view),
    },
    notes: { at: notes.map(({ at }) => at), text: notes.map(placeOf) },
    texts: kept,
  };
}
