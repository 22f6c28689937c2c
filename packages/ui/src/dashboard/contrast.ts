function channels(color: string): [number, number, number] | undefined {
  const hex = /^#([0-9a-f]{6})/i.exec(color)?.[1];
  if (hex)
    return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
  const rgb = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/.exec(color);
  return rgb ? [Number(rgb[1]), Number(rgb[2]), Number(rgb[3])] : undefined;
}

/** Black or white text, whichever stands out more on a colour (WCAG's relative luminance). */
export function readableOn(color: string): string {
  const rgb = channels(color);
  if (!rgb) return 'inherit';
  const [r, g, b] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.24 ? '#10131a' : '#ffffff';
}
