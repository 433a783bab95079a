/** Shapes of an SVG picture, as text. */

export const colour = {
  precision: '#0072b2',
  recall: '#e69f00',
  f1: '#009e73',
  delay: '#cc79a7',
  false: '#d55e00',
  unknown: '#8c959f',
  ink: '#1f2328',
  faint: '#656d76',
  grid: '#d8dee4',
  band: '#f6f8fa',
};

export function box(left: number, y: number, wide: number, high: number, fill: string): string {
  return `<rect x="${left}" y="${y}" width="${Math.round(wide * 10) / 10}" height="${high}" fill="${fill}"/>`;
}

export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  stroke: string,
  how: { dash?: string; thick?: number } = {},
): string {
  const dash = how.dash ? ` stroke-dasharray="${how.dash}"` : '';
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${stroke}" stroke-width="${how.thick ?? 1}"${dash}/>`;
}

export function dot(at: number, y: number, fill: string, filled: boolean): string {
  return `<circle cx="${at}" cy="${y}" r="4" fill="${filled ? fill : '#ffffff'}" stroke="${fill}" stroke-width="1.5"/>`;
}

export function diamond(at: number, y: number, title: string): string {
  return `<path d="M${at} ${y - 5}l5 5l-5 5l-5 -5z" fill="#ffffff" stroke="${colour.ink}"><title>${title}</title></path>`;
}

export function text(
  at: number,
  y: number,
  content: string,
  how: { size: number; weight?: number; fill?: string; middle?: boolean },
): string {
  const weight = how.weight ? ` font-weight="${how.weight}"` : '';
  const anchor = how.middle ? ' text-anchor="middle"' : '';
  const escaped = content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<text x="${at}" y="${y}" font-size="${how.size}"${weight}${anchor} fill="${how.fill ?? colour.ink}">${escaped}</text>`;
}
