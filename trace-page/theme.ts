/** Colours of the page as its style sheet has them now. */
export interface Theme {
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly sheet: string;
  readonly lane: string;
  readonly band: string;
  readonly band2: string;
  readonly byzantine: string;
  readonly accent: string;
  readonly bad: string;
  readonly shade: string;
  readonly hatch: string;
  /** By kind of message. */
  readonly messages: readonly string[];
  /** By kind of mark. */
  readonly marks: readonly string[];
}

/** By kind: in light and in dark. */
const MESSAGES: Readonly<Record<string, readonly [string, string]>> = {
  proposal: ['#2463c9', '#6ea3f5'],
  nudge: ['#0e8f9c', '#4bd0dc'],
  'phase-vote': ['#2f8f46', '#63c97b'],
  'new-view': ['#8a5bd0', '#b795f2'],
  'timeout-vote': ['#d9730d', '#ffa552'],
  'advance-view': ['#b58900', '#e3c04a'],
  'advertise-block': ['#8b97a7', '#78869a'],
  'advertise-pc': ['#6f8299', '#93a4ba'],
  'block-sync-request': ['#c2468f', '#f08ac5'],
  'block-sync-response': ['#97308a', '#d873d0'],
};

const MARKS: Readonly<Record<string, readonly [string, string]>> = {
  view: ['#5d6b7e', '#94a2b5'],
  proposal: ['#2463c9', '#6ea3f5'],
  vote: ['#2f8f46', '#63c97b'],
  certificate: ['#8a5bd0', '#b795f2'],
  lock: ['#b57700', '#f0b840'],
  commit: ['#14803c', '#46d37c'],
  timeout: ['#d9730d', '#ffa552'],
  validators: ['#0e8f9c', '#4bd0dc'],
  sync: ['#c2468f', '#f08ac5'],
  rejection: ['#c02637', '#ff7a87'],
  boot: ['#2463c9', '#7aaaf5'],
  down: ['#5d6b7e', '#a9b6c8'],
  fault: ['#c02637', '#ff7a87'],
};

export function readTheme(messageKinds: readonly string[], markKinds: readonly string[]): Theme {
  const style = getComputedStyle(document.documentElement);
  const at = document.documentElement.dataset['theme'] === 'dark' ? 1 : 0;
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour('ink'),
    faint: colour('faint'),
    line: colour('line'),
    sheet: colour('sheet'),
    lane: colour('lane'),
    band: colour('band'),
    band2: colour('band-2'),
    byzantine: colour('byzantine'),
    accent: colour('accent'),
    bad: colour('bad'),
    shade: colour('shade'),
    hatch: colour('hatch'),
    messages: messageKinds.map((kind) => MESSAGES[kind]?.[at] ?? colour('accent')),
    marks: markKinds.map((kind) => MARKS[kind]?.[at] ?? colour('accent')),
  };
}

/** As the system has it, until somebody chooses. */
export function startTheme(onChange: () => void): void {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = (): void => {
    root.dataset['theme'] = dark.matches ? 'dark' : 'light';
    onChange();
  };
  follow();
  dark.addEventListener('change', follow);
  document.getElementById('theme')?.addEventListener('click', () => {
    root.dataset['theme'] = root.dataset['theme'] === 'dark' ? 'light' : 'dark';
    onChange();
  });
}
