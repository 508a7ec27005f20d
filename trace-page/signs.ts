/** Where a sign stands in its lane: above the band of views, on it, or below. */
export type Place = 'above' | 'on' | 'below';

interface Sign {
  readonly place: Place;
  readonly meaning: string;
  draw(context: CanvasRenderingContext2D, x: number, y: number, size: number): void;
}

function polygon(...points: readonly (readonly [number, number])[]): Sign['draw'] {
  return (context, x, y, size) => {
    context.beginPath();
    for (const [dx, dy] of points) context.lineTo(x + dx * size, y + dy * size);
    context.closePath();
    context.fill();
  };
}

const disc: Sign['draw'] = (context, x, y, size) => {
  context.beginPath();
  context.arc(x, y, size * 0.9, 0, 2 * Math.PI);
  context.fill();
};

const cross: Sign['draw'] = (context, x, y, size) => {
  context.lineWidth = Math.max(1.5, size / 2.5);
  context.beginPath();
  context.moveTo(x - size * 0.8, y - size * 0.8);
  context.lineTo(x + size * 0.8, y + size * 0.8);
  context.moveTo(x + size * 0.8, y - size * 0.8);
  context.lineTo(x - size * 0.8, y + size * 0.8);
  context.stroke();
};

const ring: Sign['draw'] = (context, x, y, size) => {
  context.lineWidth = Math.max(1.2, size / 3);
  context.beginPath();
  context.arc(x, y, size * 0.8, 0, 2 * Math.PI);
  context.stroke();
};

const square = polygon([-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]);
const up = polygon([0, -1], [1, 0.8], [-1, 0.8]);
const down = polygon([0, 1], [1, -0.8], [-1, -0.8]);
const diamond = polygon([0, -1.15], [0.95, 0], [0, 1.15], [-0.95, 0]);
const tick = polygon([-0.25, -1], [0.25, -1], [0.25, 1], [-0.25, 1]);
const star = polygon(
  [0, -1.2],
  [0.35, -0.35],
  [1.2, 0],
  [0.35, 0.35],
  [0, 1.2],
  [-0.35, 0.35],
  [-1.2, 0],
  [-0.35, -0.35],
);

/** How each kind of mark is drawn. */
export const SIGNS: Readonly<Record<string, Sign>> = {
  view: { place: 'on', meaning: 'enters a view', draw: tick },
  proposal: { place: 'above', meaning: 'proposes, or nudges', draw: square },
  vote: { place: 'below', meaning: 'votes', draw: ring },
  certificate: { place: 'below', meaning: 'makes a certificate of votes', draw: square },
  lock: { place: 'below', meaning: 'locks', draw: diamond },
  commit: { place: 'above', meaning: 'commits a block', draw: disc },
  timeout: { place: 'on', meaning: 'gives a view up', draw: up },
  validators: { place: 'on', meaning: 'takes up or decides a validator set', draw: star },
  sync: { place: 'below', meaning: 'fetches blocks', draw: down },
  rejection: { place: 'below', meaning: 'refuses a message', draw: cross },
  boot: { place: 'on', meaning: 'boots', draw: up },
  down: { place: 'on', meaning: 'goes down', draw: down },
  fault: { place: 'on', meaning: 'breaks', draw: cross },
};

/** A small picture of a sign, for legends. */
export function signPicture(kind: string, colour: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const scale = Math.max(1, devicePixelRatio);
  canvas.width = canvas.height = 13 * scale;
  canvas.style.width = canvas.style.height = '13px';
  canvas.style.verticalAlign = 'middle';
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.scale(scale, scale);
  context.fillStyle = context.strokeStyle = colour;
  SIGNS[kind]?.draw(context, 6.5, 6.5, 5);
  return canvas;
}
