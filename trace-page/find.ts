import { type Item, type Trace, timeOf } from './trace.ts';

/** Everything whose words contain what is looked for, in order of time. */
export function findAll(trace: Trace, needle: string): readonly Item[] {
  const wanted = needle.trim().toLowerCase();
  if (wanted === '') return [];
  const texts = trace.texts.map((text) => text.toLowerCase().includes(wanted));
  const in_ = (type: Item['type'], column: readonly number[]): Item[] =>
    column.flatMap((text, index) => (texts[text] === true ? [{ type, index }] : []));
  const found = [
    ...in_('flight', trace.flights.text),
    ...in_('mark', trace.marks.text),
    ...in_('note', trace.notes.text),
  ];
  return found.sort((a, b) => timeOf(trace, a) - timeOf(trace, b));
}
