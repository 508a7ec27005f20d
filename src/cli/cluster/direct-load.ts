import { createHistogram } from '../histogram.ts';
import type { LoadReport } from '../ipc.ts';
import type { NodeProcess } from './node-process.ts';

/** The same as a load in this process, run by the nodes themselves: no HTTP is in the way. */
export function startDirectLoad(
  nodes: readonly NodeProcess[],
  { clients, valueBytes }: { readonly clients: number; readonly valueBytes: number },
) {
  for (const node of nodes) {
    const share = Math.floor(clients / nodes.length) + (node.index < clients % nodes.length ? 1 : 0);
    if (share > 0) node.startLoad(share, valueBytes);
  }
  const reports = (): readonly LoadReport[] => nodes.flatMap(({ load }) => (load === null ? [] : [load]));
  return {
    get committed() {
      return reports().reduce((sum, { committed }) => sum + committed, 0);
    },
    get failed() {
      return reports().reduce((sum, { failed }) => sum + failed, 0);
    },
    get latency() {
      const all = createHistogram();
      for (const { latency } of reports()) all.add(latency);
      return all;
    },
    async stop() {
      for (const node of nodes) node.stopLoad();
      await Promise.all(nodes.filter(({ load }) => load !== null).map(({ loadEnded }) => loadEnded));
    },
  };
}
