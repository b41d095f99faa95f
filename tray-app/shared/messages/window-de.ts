import type { windowEn } from './window-en.js';

export const windowDe: Readonly<Record<keyof typeof windowEn, string>> = {
  'window.title': 'Miredo',
};
