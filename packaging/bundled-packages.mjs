/** Which npm packages a bundle of esbuild has code of: their licences want to go with it. */

/** By the metafile; sorted. */
export function bundledPackages(metafile) {
  const names = Object.keys(metafile.inputs)
    .map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}
