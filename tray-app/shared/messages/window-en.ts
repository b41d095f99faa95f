/** Words of the window alone. */
export const windowEn = {
  'window.title': 'Miredo',
} as const;
