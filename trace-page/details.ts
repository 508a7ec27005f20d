import { SIGNS, signPicture } from './signs.ts';
import type { Theme } from './theme.ts';
import { type Item, isLost, ms, nameOf, type Trace, textOf, timeOf } from './trace.ts';

type Content = string | Node;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
  ...content: readonly Content[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

const swatch = (colour: string): HTMLElement => element('i', { style: `--colour: ${colour}` });

const rows = (pairs: readonly (readonly [string, Content])[]): HTMLElement =>
  element('dl', {}, ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));

/** The other copies of what was sent at once to several. */
function copiesOf(trace: Trace, flight: number): readonly number[] {
  const { sentAt, from, text } = trace.flights;
  const isCopy = (other: number): boolean =>
    sentAt[other] === sentAt[flight] && from[other] === from[flight] && text[other] === text[flight];
  const copies: number[] = [];
  for (let other = flight; other >= 0 && sentAt[other] === sentAt[flight]; other--)
    if (isCopy(other)) copies.unshift(other);
  for (let other = flight + 1; other < sentAt.length && sentAt[other] === sentAt[flight]; other++)
    if (isCopy(other)) copies.push(other);
  return copies;
}

function fateOf(trace: Trace, flight: number): HTMLElement {
  const { fate, late } = trace.flights;
  const text = `${trace.fates[fate[flight] as number]}${late[flight] === 1 ? ', late' : ''}`;
  return element('span', isLost(trace, flight) ? { class: 'bad' } : {}, text);
}

function describeFlight(trace: Trace, theme: Theme, flight: number): readonly Node[] {
  const { flights } = trace;
  const kind = flights.kind[flight] as number;
  const [sent, due] = [flights.sentAt[flight] as number, flights.dueAt[flight] as number];
  const [from, to] = [flights.from[flight] as number, flights.to[flight] as number];
  const others = copiesOf(trace, flight);
  return [
    element('h3', {}, swatch(theme.messages[kind] ?? ''), trace.messageKinds[kind] ?? ''),
    element('p', {}, `${nameOf(trace, from)} to ${nameOf(trace, to)}`),
    element('code', {}, textOf(trace, { type: 'flight', index: flight })),
    rows([
      ['sent', ms(sent)],
      ['arrives', due < 0 ? 'never' : ms(due)],
      ...(due < 0 ? [] : ([['travels', ms(due - sent)]] as const)),
      ['fate', fateOf(trace, flight)],
      ...(others.length < 2
        ? []
        : ([
            [
              'all copies',
              others
                .map(
                  (other) =>
                    `${nameOf(trace, flights.to[other] as number)}${isLost(trace, other) ? ' \u00d7' : ''}`,
                )
                .join(' '),
            ],
          ] as const)),
    ]),
  ];
}

function describeMark(trace: Trace, theme: Theme, mark: number): readonly Node[] {
  const kind = trace.markKinds[trace.marks.kind[mark] as number] ?? '';
  const replica = trace.marks.replica[mark] as number;
  const at = trace.marks.at[mark] as number;
  const view = trace.views[replica]?.findLast(({ from }) => from <= at)?.view;
  return [
    element(
      'h3',
      {},
      signPicture(kind, theme.marks[trace.marks.kind[mark] as number] ?? ''),
      `${nameOf(trace, replica)} ${SIGNS[kind]?.meaning ?? kind}`,
    ),
    element('code', {}, textOf(trace, { type: 'mark', index: mark })),
    rows([['at', ms(at)], ...(view === undefined ? [] : ([['in view', `${view}`]] as const))]),
  ];
}

/** All that is known of an item. */
export function describe(trace: Trace, theme: Theme, item: Item): readonly Node[] {
  switch (item.type) {
    case 'flight':
      return describeFlight(trace, theme, item.index);
    case 'mark':
      return describeMark(trace, theme, item.index);
    case 'note':
      return [
        element('h3', {}, 'To the world'),
        element('code', {}, textOf(trace, item)),
        rows([['at', ms(timeOf(trace, item))]]),
      ];
  }
}

export const NOTHING_SELECTED = 'Point at an arrow or a sign to see what it is; click to keep it here.';
