import { blockSize } from '../codec/block.ts';
import { phaseCertificateSize } from '../codec/certificate.ts';
import type { Message } from '../model/messages.ts';
import type { SchemeName } from '../model/scheme.ts';

/** What a message without certificates and blocks takes, roughly. */
const SMALL = 64;

/** About as many bytes as the message's frame has, without making it. */
export function estimatedSize(scheme: SchemeName, message: Message): number {
  switch (message.type) {
    case 'proposal':
      return SMALL + blockSize(scheme, message.block);
    case 'block-sync-response':
      return message.blocks.reduce((size, block) => size + blockSize(scheme, block), SMALL);
    case 'nudge':
      return SMALL + phaseCertificateSize(scheme, message.justify);
    case 'new-view':
    case 'advertise-pc':
      return SMALL + phaseCertificateSize(scheme, message.highestPc);
    case 'advance-view':
      return (
        SMALL +
        (message.certificate.type === 'pc' ? phaseCertificateSize(scheme, message.certificate.pc) : SMALL)
      );
    default:
      return 2 * SMALL;
  }
}
