import { describe, element, NOTHING_SELECTED } from './details.ts';
import { findAll } from './find.ts';
import { hit } from './hits.ts';
import { drawLanes } from './lanes.ts';
import { AXIS, type Layout, layoutFor } from './layout.ts';
import { drawOverview, readOverview } from './overview.ts';
import { flightsInSight, marksInSight, type Sight } from './sight.ts';
import { SIGNS, signPicture } from './signs.ts';
import { centre, endOfView, initialState, show, showAll, zoom } from './state.ts';
import { readTheme, startTheme, type Theme } from './theme.ts';
import { type Item, isSame, ms, nameOf, readTrace, textOf, timeOf } from './trace.ts';

const byId = <Kind extends HTMLElement>(id: string): Kind => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Kind;
};

const trace = readTrace();
const overview = readOverview(trace);
const state = initialState(trace);
const canvas = byId<HTMLCanvasElement>('canvas');
const overviewCanvas = byId<HTMLCanvasElement>('overview');
let theme: Theme = readTheme(trace.messageKinds, trace.markKinds);
let layout: Layout = layoutFor(trace, 600);
let sight: Sight = flightsInSight(trace, state);
let found: readonly Item[] = [];
let foundFor = '';

// Drawing: at most once a frame.

let isDue = false;
function changed(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}

/** A context in which a unit is a pixel of the page, whatever the screen's resolution. */
function contextOf(
  target: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const scale = Math.max(1, devicePixelRatio);
  if (target.width !== Math.round(width * scale)) target.width = Math.round(width * scale);
  if (target.height !== Math.round(height * scale)) target.height = Math.round(height * scale);
  const context = target.getContext('2d');
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

function draw(): void {
  const context = contextOf(canvas, state.width, layout.height);
  if (context !== null) sight = drawLanes({ context, trace, state, layout, theme });
  const size = { width: overviewCanvas.clientWidth, height: overviewCanvas.clientHeight };
  const small = contextOf(overviewCanvas, size.width, size.height);
  if (small !== null) drawOverview(small, overview, { trace, state, theme }, size);
  showStatus();
  showList();
}

function showStatus(): void {
  const thinned = sight.every > 1 ? `, one of ${sight.every} drawn: zoom in for all` : '';
  byId('status').textContent =
    `${ms(Math.max(trace.startMs, state.start))} to ${ms(Math.min(trace.endMs, endOfView(state)))}  ·  ${sight.total.toLocaleString('en')} messages in sight${thinned}`;
}

// The panel.

function showDetails(): void {
  const item = state.selected ?? state.pointed;
  byId('details').replaceChildren(
    ...(item === null ? [element('p', {}, NOTHING_SELECTED)] : describe(trace, theme, item)),
  );
}

const MAX_LISTED = 300;
let listedKey = '';

function itemsInSight(): readonly Item[] {
  const items: Item[] = [];
  for (let replica = 0; replica < trace.replicas.length; replica++) {
    if (state.hiddenReplicas.has(replica)) continue;
    for (const mark of marksInSight(trace, state, replica)) items.push({ type: 'mark', index: mark });
  }
  const end = endOfView(state);
  for (const [index, at] of trace.notes.at.entries()) {
    if (at >= state.start && at <= end) items.push({ type: 'note', index });
  }
  return items.sort((a, b) => timeOf(trace, a) - timeOf(trace, b));
}

/** Filled when the screen has come to rest: it is slower to make than to draw. */
let listTimer = 0;
function showList(): void {
  clearTimeout(listTimer);
  listTimer = setTimeout(fillList, 120);
}

function fillList(): void {
  const items = itemsInSight();
  const shown = items.slice(0, MAX_LISTED);
  byId('listed').textContent =
    items.length > MAX_LISTED
      ? `(first ${MAX_LISTED} of ${items.length.toLocaleString('en')})`
      : `(${items.length})`;
  const key = shown.map(({ type, index }) => `${type}${index}`).join();
  if (key !== listedKey) byId('list').replaceChildren(...shown.map(rowOf));
  listedKey = key;
  for (const [place, row] of [...byId('list').children].entries()) {
    const isCurrent = isSame(shown[place] ?? null, state.selected);
    row.firstElementChild?.setAttribute('aria-current', `${isCurrent}`);
  }
}

function rowOf(item: Item): HTMLElement {
  const who = item.type === 'mark' ? nameOf(trace, trace.marks.replica[item.index] as number) : '';
  const button = element(
    'button',
    { class: 'row', type: 'button', title: textOf(trace, item) },
    element('time', {}, timeOf(trace, item).toFixed(1)),
    element('b', {}, who),
    element('span', {}, textOf(trace, item)),
  );
  button.addEventListener('click', () => select(item));
  return element('li', { class: item.type }, button);
}

function select(item: Item | null, comeAlong = false): void {
  state.selected = item;
  if (item !== null) {
    const at = timeOf(trace, item);
    if (comeAlong || at < state.start || at > endOfView(state)) centre(state, trace, at);
  }
  showDetails();
  changed();
}

// The pointer.

const tip = byId('tip');

function pointAt(event: PointerEvent): void {
  const box = canvas.getBoundingClientRect();
  const at = { x: event.clientX - box.left, y: event.clientY - box.top };
  const item = at.y < AXIS ? null : hit(trace, state, layout, sight.flights, at);
  canvas.classList.toggle('pointing', item !== null);
  if (!isSame(item, state.pointed)) {
    state.pointed = item;
    changed();
    if (state.selected === null) showDetails();
  }
  tip.hidden = item === null;
  if (item === null) return;
  tip.replaceChildren(...tipOf(item));
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const isLow = event.clientY + tip.offsetHeight + 24 > innerHeight;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${isLow ? event.clientY - tip.offsetHeight - 12 : event.clientY + 16}px`;
}

function tipOf(item: Item): readonly Node[] {
  const { flights, marks } = trace;
  const { index } = item;
  const who =
    item.type === 'flight'
      ? `${nameOf(trace, flights.from[index] as number)} to ${nameOf(trace, flights.to[index] as number)}, ${trace.fates[flights.fate[index] as number]}${flights.late[index] === 1 ? ', late' : ''}`
      : item.type === 'mark'
        ? `${nameOf(trace, marks.replica[index] as number)} ${SIGNS[trace.markKinds[marks.kind[index] as number] ?? '']?.meaning ?? ''}`
        : '';
  return [
    element('code', {}, textOf(trace, item)),
    element('p', {}, `${who}  ·  ${ms(timeOf(trace, item))}`),
  ];
}

function letGo(): void {
  tip.hidden = true;
  if (state.pointed === null) return;
  state.pointed = null;
  changed();
  if (state.selected === null) showDetails();
}

/** A press that moves less is a click. */
const CLICK_PIXELS = 3;
let drag: {
  readonly x: number;
  readonly y: number;
  readonly start: number;
  readonly scroll: number;
  moved: boolean;
} | null = null;

canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  drag = {
    x: event.clientX,
    y: event.clientY,
    start: state.start,
    scroll: byId('lanes').scrollTop,
    moved: false,
  };
});
canvas.addEventListener('pointermove', (event) => {
  if (drag === null) return pointAt(event);
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (Math.hypot(dx, dy) > CLICK_PIXELS) drag.moved = true;
  if (!drag.moved) return;
  canvas.classList.add('dragging');
  tip.hidden = true;
  show(state, trace, drag.start - dx * state.msPerPixel, state.width * state.msPerPixel);
  byId('lanes').scrollTop = drag.scroll - dy;
  changed();
});
canvas.addEventListener('pointerup', (event) => {
  const wasClick = drag !== null && !drag.moved;
  drag = null;
  canvas.classList.remove('dragging');
  if (!wasClick) return;
  pointAt(event);
  select(state.pointed);
});
canvas.addEventListener('pointerleave', letGo);
canvas.addEventListener(
  'wheel',
  (event) => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) pan(sideways);
    else zoom(state, trace, 1.0016 ** -event.deltaY, event.clientX - box.left);
    tip.hidden = true;
    changed();
  },
  { passive: false },
);

function pan(pixels: number): void {
  show(state, trace, state.start + pixels * state.msPerPixel, state.width * state.msPerPixel);
}

function goTo(event: PointerEvent): void {
  const box = overviewCanvas.getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  centre(state, trace, trace.startMs + share * (trace.endMs - trace.startMs));
  changed();
}
overviewCanvas.addEventListener('pointerdown', (event) => {
  overviewCanvas.setPointerCapture(event.pointerId);
  goTo(event);
});
overviewCanvas.addEventListener('pointermove', (event) => {
  if (event.buttons > 0) goTo(event);
});

// Keys and buttons.

const zoomAtMiddle = (factor: number): void => zoom(state, trace, factor, state.width / 2);

const KEYS: Readonly<Record<string, () => void>> = {
  '+': () => zoomAtMiddle(1.5),
  '=': () => zoomAtMiddle(1.5),
  '-': () => zoomAtMiddle(1 / 1.5),
  '0': () => showAll(state, trace),
  ArrowLeft: () => pan(-state.width / 6),
  ArrowRight: () => pan(state.width / 6),
  Home: () => show(state, trace, trace.startMs, state.width * state.msPerPixel),
  End: () => show(state, trace, trace.endMs, state.width * state.msPerPixel),
  n: () => step(1),
  p: () => step(-1),
  '?': toggleHelp,
  '/': () => byId('needle').focus(),
  Escape: () => select(null),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const action = KEYS[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
  changed();
});

/** To the next or previous event in the lane of the selected one, or of the first replica. */
function step(by: 1 | -1): void {
  const { selected } = state;
  const replica =
    selected === null || selected.type === 'note'
      ? 0
      : ((selected.type === 'mark' ? trace.marks.replica : trace.flights.to)[selected.index] as number);
  const from = selected === null ? state.start : timeOf(trace, selected);
  const marks = (trace.marksOf[replica] ?? []).filter(
    (mark) => !state.hiddenMarks.has(trace.marks.kind[mark] as number),
  );
  const here = selected?.type === 'mark' ? marks.indexOf(selected.index) : -1;
  const after = marks.findIndex((mark) => (trace.marks.at[mark] as number) >= from);
  const place = here >= 0 ? here + by : by > 0 ? after : after - 1;
  const mark = marks[place];
  if (mark !== undefined) select({ type: 'mark', index: mark });
}

function toggleHelp(): void {
  const help = byId('help');
  help.hidden = !help.hidden;
  byId('help-button').setAttribute('aria-expanded', `${!help.hidden}`);
  resize();
}

for (const [id, action] of [
  ['zoom-in', () => zoomAtMiddle(1.5)],
  ['zoom-out', () => zoomAtMiddle(1 / 1.5)],
  ['fit', () => showAll(state, trace)],
  ['help-button', toggleHelp],
] as const) {
  byId(id).addEventListener('click', () => {
    action();
    changed();
  });
}

byId('find').addEventListener('submit', (event) => {
  event.preventDefault();
  const needle = byId<HTMLInputElement>('needle').value;
  if (needle !== foundFor) found = findAll(trace, needle);
  foundFor = needle;
  const after = state.selected === null ? Number.NEGATIVE_INFINITY : timeOf(trace, state.selected);
  const here = found.findIndex((item) => isSame(item, state.selected));
  const next = here >= 0 ? here + 1 : found.findIndex((item) => timeOf(trace, item) >= after);
  const place = next < 0 || next >= found.length ? 0 : next;
  byId('found').textContent = found.length === 0 ? 'not found' : `${place + 1} of ${found.length}`;
  const item = found[place];
  if (item !== undefined) select(item);
});
byId('needle').addEventListener('input', () => {
  byId('found').textContent = '';
});

// Filters.

function chip(
  into: HTMLElement,
  hidden: Set<number>,
  what: {
    readonly key: number;
    readonly label: string;
    readonly count: number;
    readonly picture: () => Node;
  },
): void {
  if (what.count === 0) return;
  const button = element(
    'button',
    { class: 'chip', type: 'button' },
    what.picture(),
    what.label,
    element('small', {}, what.count.toLocaleString('en')),
  );
  const press = (): void => void button.setAttribute('aria-pressed', `${!hidden.has(what.key)}`);
  button.addEventListener('click', () => {
    if (!hidden.delete(what.key)) hidden.add(what.key);
    press();
    changed();
  });
  press();
  into.append(button);
}

const counts = (column: readonly number[], kinds: number): number[] => {
  const totals = new Array<number>(kinds).fill(0);
  for (const kind of column) totals[kind] = (totals[kind] as number) + 1;
  return totals;
};

function fillFilters(): void {
  byId('kinds').replaceChildren();
  byId('marks').replaceChildren();
  byId('signs').replaceChildren();
  for (const [key, count] of counts(trace.flights.kind, trace.messageKinds.length).entries()) {
    const label = trace.messageKinds[key] ?? '';
    const picture = (): Node => element('i', { style: `--colour: ${theme.messages[key]}` });
    chip(byId('kinds'), state.hiddenKinds, { key, label, count, picture });
  }
  for (const [key, count] of counts(trace.marks.kind, trace.markKinds.length).entries()) {
    const label = trace.markKinds[key] ?? '';
    const picture = (): Node => signPicture(label, theme.marks[key] ?? '');
    chip(byId('marks'), state.hiddenMarks, { key, label, count, picture });
    byId('signs').append(element('dt', {}, picture()), element('dd', {}, SIGNS[label]?.meaning ?? ''));
  }
}

function fillNames(): void {
  byId('names').classList.toggle('tight', layout.lane < 40);
  byId('names').replaceChildren(
    ...trace.replicas.map(({ name, isHonest, power }, replica) => {
      const role = isHonest
        ? power === 0
          ? 'listener'
          : `power ${power}`
        : power === 0
          ? 'Byzantine'
          : `Byzantine, ${power}`;
      const button = element(
        'button',
        isHonest ? {} : { class: 'byzantine' },
        element('strong', {}, name),
        element('small', {}, role),
      );
      button.style.height = `${layout.lane}px`;
      button.title = `Show or leave out the messages of ${name}`;
      button.setAttribute('aria-pressed', `${!state.hiddenReplicas.has(replica)}`);
      button.addEventListener('click', () => {
        if (!state.hiddenReplicas.delete(replica)) state.hiddenReplicas.add(replica);
        button.setAttribute('aria-pressed', `${!state.hiddenReplicas.has(replica)}`);
        changed();
      });
      return button;
    }),
  );
}

// The beginning.

/** The time at the left edge stays; how much is seen of it, too. */
function resize(): void {
  const span = state.width * state.msPerPixel;
  layout = layoutFor(trace, byId('lanes').clientHeight);
  canvas.style.height = `${layout.height}px`;
  state.width = Math.max(100, canvas.clientWidth);
  show(state, trace, state.start, span);
  fillNames();
  // At once: the canvas would be shown stretched until the next frame.
  draw();
}

function fillHeader(): void {
  const { replicas, scheme, highestView, startMs, endMs, epochLength, leaderTenure, failure } = trace;
  const byzantine = replicas.filter(({ isHonest }) => !isHonest).length;
  byId('seed').textContent = `${trace.seed}`;
  byId('world').textContent = [
    `${replicas.length} replicas${byzantine > 0 ? `, ${byzantine} Byzantine` : ''}`,
    scheme,
    `${highestView.toLocaleString('en')} views in ${((endMs - startMs) / 1_000).toFixed(1)} s`,
    `epochs of ${epochLength}, leaders for ${leaderTenure}`,
    `${trace.flights.kind.length.toLocaleString('en')} messages`,
    ...(startMs > 0 ? ['the earlier part is left out'] : []),
  ].join('  ·  ');
  byId('failure').hidden = failure === null;
  byId('failure').textContent = failure;
}

fillHeader();
startTheme(() => {
  theme = readTheme(trace.messageKinds, trace.markKinds);
  fillFilters();
  showDetails();
  changed();
});
new ResizeObserver(resize).observe(byId('stage'));
resize();
