/** A notice in words. */
import { translator } from '../shared/messages.js';
import { reasonSentence, statusSentence } from '../shared/status-text.js';
import type { Locale } from '../shared/view.js';
import type { Notice } from './notice-policy.js';

export interface NoticeText {
  readonly title: string;
  readonly body: string;
}

export function noticeText(notice: Notice, locale: Locale): NoticeText {
  const translate = translator(locale);
  switch (notice.kind) {
    case 'qualified': {
      const { address = '', server = '' } = notice;
      const isWhole = address !== '' && server !== '';
      const body = isWhole ? translate('notice.qualified-body', { address, server }) : address;
      return { title: translate('notice.qualified'), body: body || translate('state.qualified') };
    }
    case 'lost':
    case 'failed':
      return { title: translate(`notice.${notice.kind}`), body: statusSentence(notice.tunnel, locale) };
    case 'server-switched': {
      const { server, previous, reason } = notice;
      const values = { server, previous, reason: reasonSentence(reason, locale) };
      return { title: translate('notice.server-switched'), body: translate('notice.server-switched-body', values) };
    }
  }
}
