/** Logs in a process of its own, whose standard error the test chooses: log-child.js JOURNAL-SOCKET ACTION. */
import { openLog } from '../../daemon/service/log-open.js';
import type { SendDatagram } from '../../daemon/service/log-record.js';
import { sendByPython } from './log-sockets.js';

const [journal = '', action = ''] = process.argv.slice(2);
const sockets = { journal, syslog: `${journal}-syslog` };
/** Starting python3 a thousand times would be the test. */
const sendNowhere: SendDatagram = (path) => ({ ok: false, errno: 'ENOENT', sentence: `There is no ${path}.` });
const send = action === 'flood' ? sendNowhere : sendByPython;
const logger = openLog({ program: 'miredo', foreground: true, send, sockets });

switch (action) {
  case 'levels':
    logger.log('notice', 'tunnel\nup', { STATE: 'qualified' });
    logger.log('warning', 'slow');
    logger.log('error', 'broken');
    logger.log('debug', 'never said');
    break;
  case 'exit':
    // Nothing turns the event loop between the message and the end.
    logger.log('notice', 'last words');
    process.exit(0);
    break;
  case 'flood':
    for (let n = 0; n < 1000; n++) logger.log('info', `${n} ${'x'.repeat(1000)}`);
    process.stdout.write('not stuck\n');
    process.stdin.once('data', () => process.exit(0));
    break;
}
