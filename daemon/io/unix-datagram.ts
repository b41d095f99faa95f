export type Sent = { readonly ok: true } | { readonly ok: false; readonly errno: string; readonly sentence: string };
export const sendUnixDatagram = (_path: string, _bytes: Uint8Array): Sent => ({
  ok: false,
  errno: 'ENOSYS',
  sentence: '',
});
