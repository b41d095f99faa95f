/** Where package.json says that miredo-checkconf is. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);

export const CHECKCONF_PROGRAM: string = (() => {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { bin: Record<string, string> };
  return fileURLToPath(new URL(bin['miredo-checkconf'] ?? '', ROOT));
})();
