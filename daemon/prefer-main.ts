#!/usr/bin/env node
/**
 * The part of `miredoctl prefer` that takes root: pkexec(1) runs it for whom polkit allows it. It takes one of two words,
 * and the name of no file.
 */
import { changeGaiConf } from './prefer/gai-file.js';

const [word, ...more] = process.argv.slice(2);
if ((word !== 'on' && word !== 'off') || more.length > 0) {
  process.stderr.write('Usage: miredo-prefer on|off\n');
  process.exit(2);
}
const result = changeGaiConf(word === 'on');
process.stdout.write(`${JSON.stringify(result)}\n`);
if (!result.ok) process.stderr.write(`miredo-prefer: ${result.sentence}\n`);
process.exitCode = result.ok ? 0 : 1;
