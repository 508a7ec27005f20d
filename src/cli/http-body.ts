import type { IncomingMessage } from 'node:http';

/** The whole body of a request, or why there is none. */
export type Body = { readonly bytes: Buffer } | { readonly refused: 'too-large' | 'aborted' };

/** Reads at most `maxBytes`; a larger body is refused as soon as it is known to be, without being kept. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.resolve({ refused: 'too-large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) resolve({ refused: 'too-large' });
      else chunks.push(chunk);
    });
    request.on('end', () =>
      resolve({ bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) }),
    );
    request.on('error', () => resolve({ refused: 'aborted' }));
    request.on('close', () => resolve({ refused: 'aborted' }));
  });
}
