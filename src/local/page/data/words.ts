/** Numbers and what they count, in words. */

/** Made once: `toLocaleString` makes one at each call, which ten thousand events feel. */
const NUMBER = new Intl.NumberFormat("en");

export const count = (value: number): string => NUMBER.format(value);

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
