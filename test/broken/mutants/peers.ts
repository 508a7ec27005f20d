import type { Mutant } from '../mutant.ts';

// What peers may ask and send, block sync, and the shell: R6, R14, R16 to R19, R24.

const CLIENT = 'core/block-sync/client.ts';
const RUNS = 'core/block-sync/runs.ts';
const RECEIVE = 'core/receive.ts';

export const peerMutants: readonly Mutant[] = [
  {
    name: "a sync response's certificate is dropped when no block is new",
    rule: 'R14',
    patches: [
      {
        file: CLIENT,
        find: '  learnResponsePc(core, from, highestPc);\n',
        replace: '  if (inserted > 0) learnResponsePc(core, from, highestPc);\n',
      },
    ],
    expected: ['certificate of nothing new'],
  },
  {
    name: 'data that is not of its hash passes',
    rule: 'R17',
    patches: [
      {
        file: 'runtime/inbound.ts',
        find: 'hashData(block.data) === block.dataHash;',
        replace: 'hashData(block.data).length === block.dataHash.length;',
      },
    ],
    expected: ['other data'],
  },
  {
    name: 'sync inserts what no certificate covers',
    rule: 'R18',
    patches: [
      {
        file: CLIENT,
        find: "if (certifier === null) return 'uncertified';",
        replace: "if (certifier === null) return 'insertable';",
      },
    ],
    traces: ['T19'],
    expected: ['uncertified blocks'],
  },
  {
    name: 'the certificate of a synced block is not verified',
    rule: 'R18',
    patches: [
      {
        file: CLIENT,
        find: 'const valid = set === null ? false : pcVerdict(core, set, certifier);',
        replace:
          'const valid: boolean | undefined = set === null ? false : pcVerdict(core, set, certifier) !== null;',
      },
      {
        file: CLIENT,
        find: "  if (vouch(core, job) === false) return 'faulty';\n",
        replace: '  vouch(core, job);\n',
      },
    ],
    expected: ['forged certificates'],
  },
  {
    name: 'a certificate vouches for synced blocks without being verified',
    rule: 'R18',
    patches: [
      {
        file: RUNS,
        find: 'run.valid ??= pcVerdict(core, run.set, run.tip);',
        replace: 'run.valid ??= pcVerdict(core, run.set, run.tip) !== null;',
      },
    ],
    expected: ['forged certificates'],
  },
  {
    name: 'a certificate vouches for blocks that it does not link to',
    rule: 'R18',
    patches: [{ file: RUNS, find: '  next.justify.block === block.hash &&\n', replace: '' }],
    expected: ['forged chains'],
  },
  {
    name: 'a certificate vouches for blocks that are not of their hash',
    rule: 'R18',
    patches: [
      {
        file: RUNS,
        find: '  next.height === block.height + 1 &&\n  isOfItsHash(core, next);',
        replace: '  next.height === block.height + 1;',
      },
    ],
    expected: ['forged chains'],
  },
  {
    name: 'the certificate of the last synced block decides an update',
    rule: 'R10',
    patches: [
      {
        file: CLIENT,
        find: "justify.phase === 'generic' ? [job.run.tip] : [justify, job.run.tip]",
        replace: '[job.run.tip]',
      },
      {
        file: RUNS,
        find: "  if (below.phase === 'generic') note(core, run, below);\n",
        replace: '  note(core, run, below);\n',
      },
    ],
    expected: ['decided by sync'],
  },
  {
    name: 'a peer is asked for as much as it likes',
    rule: 'R18',
    patches: [
      {
        file: 'core/block-sync/server.ts',
        find: "  if (peer.asked > MAX_ANSWERS) return reject(core, from, message, 'quota-exceeded');\n",
        replace: '',
      },
    ],
    expected: ['greedy client'],
  },
  {
    name: 'a response is as long as the asker says',
    rule: 'R18',
    patches: [
      {
        file: 'storage/sync-response.ts',
        find: 'Math.min(ask.limit, limits.maxSyncBlocks)',
        replace: 'ask.limit',
      },
      {
        file: 'core/block-sync/server.ts',
        find: 'limit: Math.min(limit, core.config.chain.limits.maxSyncBlocks),',
        replace: 'limit,',
      },
    ],
    expected: ['served'],
  },
  {
    name: 'responses that nobody asked for are worked through',
    rule: 'R18',
    patches: [
      {
        file: CLIENT,
        find: "if (request === undefined) return reject(core, from, message, 'unsolicited');\n",
        replace:
          "if (request === undefined && core.sync.jobs.length > 999) return reject(core, from, message, 'unsolicited');\n",
      },
      {
        file: CLIENT,
        find: 'const { startHeight, limit } = request;',
        replace: 'const { startHeight, limit } = request ?? { startHeight: asHeight(0), limit: 99999 };',
      },
    ],
    expected: ['unasked blocks'],
  },
  {
    name: 'strangers are heard',
    rule: 'R19',
    patches: [
      {
        file: RECEIVE,
        find: '  if (needsActiveSender(message) && !isActiveValidator(core.sets, from)) {\n',
        replace: '  if (needsActiveSender(message) && from.length === 0) {\n',
      },
      {
        file: RECEIVE,
        find: '  if (needsActiveSender(message) && !isActiveValidator(core.sets, from)) return;\n',
        replace: '',
      },
    ],
    expected: ['strangers'],
  },
  {
    name: 'a peer may send as many messages as it likes',
    rule: 'R19',
    patches: [
      {
        file: RECEIVE,
        find: 'return spent[kind] <= BUDGET[kind];',
        replace: 'return spent[kind] <= Infinity;',
      },
    ],
    expected: ['budgets'],
  },
  {
    name: 'a peer may fill the inbox',
    rule: 'R19',
    patches: [
      {
        file: 'core/inbox.ts',
        find: 'if (used.bytes + entry.bytes > INBOX_BYTES_PER_PEER || used.messages >= INBOX_MESSAGES_PER_PEER)',
        replace: 'if (used.bytes + entry.bytes > Infinity)',
      },
    ],
    expected: ['inbox is bounded'],
  },
  {
    name: 'what the inbox holds is never counted down',
    rule: 'R19',
    patches: [
      { file: 'core/inbox.ts', find: '  used.bytes -= bytes;\n  used.messages -= 1;\n', replace: '' },
    ],
    traces: ['T10'],
    expected: ['inbox is emptied'],
  },
  {
    name: 'views without end are buffered for',
    rule: 'R19',
    patches: [
      {
        file: RECEIVE,
        find: 'if (view > core.view + INBOX_EPOCHS * epochLength)',
        replace: 'if (view > core.view + INBOX_EPOCHS * epochLength * 1e9)',
      },
    ],
    expected: ['far views'],
  },
  {
    name: 'a peer whose certificate failed is verified on and on',
    rule: 'R19',
    patches: [
      {
        file: RECEIVE,
        find: "  if (core.muted.has(from)) return reject(core, from, message, 'muted');\n",
        replace: '',
      },
    ],
    expected: ['muted sender'],
  },
  {
    name: 'a peer is muted for what the set before signed',
    rule: 'R19',
    patches: [
      {
        file: 'core/certificates.ts',
        find: '    retiredSets(core).every((set) => certificateVerdict(core, set, certificate) === false)\n',
        replace: '    retiredSets(core).length >= 0\n',
      },
      {
        file: RECEIVE,
        find: 'if (beforeMuting.length > 0 && ',
        replace: 'if (beforeMuting.length < 0 && ',
      },
    ],
    expected: ['retired signers'],
  },
  {
    name: 'a muted peer is not heard as long as a view lasts',
    rule: 'R19',
    patches: [{ file: 'core/pacemaker/timeouts.ts', find: '  renewBudgets(core);\n', replace: '' }],
    expected: ['heard anew'],
  },
  {
    name: 'storage overwrites a block that comes again',
    rule: 'R16',
    patches: [
      { file: 'storage/apply.ts', find: '  if (heightOf(batch, hash) !== null) return;\n', replace: '' },
    ],
    expected: ['stored once'],
  },
  {
    name: 'the shell releases at once what waits for the disk',
    rule: 'R6',
    patches: [
      {
        file: 'runtime/durability.ts',
        find: '    if (after <= this.#durable) release();\n',
        replace: '    if (after >= 0) release();\n',
      },
    ],
    expected: ['gates'],
  },
  {
    name: 'the shell goes on after a failed write',
    rule: 'R6',
    patches: [
      {
        file: 'runtime/durability.ts',
        find: '      this.#write = null;\n      this.#fail(error);\n      return;\n',
        replace: '      if (error === undefined) return;\n',
      },
    ],
    expected: ['failed write'],
  },
  {
    name: 'a broadcast does not reach its sender',
    rule: 'R24',
    patches: [
      {
        file: 'runtime/outbox.ts',
        find: "if (to === 'all' || to.includes(signer.id))",
        replace: "if (to !== 'all' && to.includes(signer.id))",
      },
    ],
    expected: ['broadcasts'],
  },
  {
    name: 'a proof of possession is not needed',
    rule: 'R22',
    patches: [
      {
        file: 'runtime/app-runner.ts',
        find: 'const bad = valid.findIndex((verdict) => verdict !== 1);',
        replace: 'const bad = valid.findIndex((verdict) => verdict > 1);',
      },
    ],
    expected: ['possessions'],
  },
  {
    name: 'a peer may have any number of frames waiting',
    rule: 'R19',
    patches: [
      {
        file: 'runtime/input-queue.ts',
        find: '    if (load.frames >= MAX_FRAMES_PER_PEER) return false;\n',
        replace: '',
      },
    ],
    expected: ['floods'],
  },
  {
    name: 'an idle replica asks nobody',
    rule: 'block sync',
    patches: [
      {
        file: CLIENT,
        find: '  core.sync.movedAt = core.now;\n  askRandomServer(core);\n',
        replace: '  core.sync.movedAt = core.now;\n',
      },
    ],
    expected: ['idle'],
  },
  {
    name: 'a server that sends what it should not is asked on',
    rule: 'block sync',
    patches: [
      {
        file: CLIENT,
        find: "    reject(core, from, { type: 'block-sync-response' }, 'uncertified-block');\n    blacklist(core, from, 'fault');\n",
        replace: "    reject(core, from, { type: 'block-sync-response' }, 'uncertified-block');\n",
      },
    ],
    expected: ['faulty server'],
  },
  {
    name: 'a server that was silent is not asked while another has still to answer',
    rule: 'block sync',
    patches: [
      {
        file: 'core/block-sync/requests.ts',
        find: "(requests.size === 0 || known.get(peer)?.blacklistedFor === 'silence');",
        replace: 'requests.size === 0;',
      },
    ],
    expected: ['silent servers'],
  },
  {
    name: 'a request that was lost is not repeated',
    rule: 'block sync',
    patches: [
      {
        file: 'core/block-sync/requests.ts',
        find: 'if (first === undefined) return repeatRequest(core, peers);',
        replace: 'if (first === undefined) return null;',
      },
    ],
    expected: ['lost requests'],
  },
  {
    name: 'blocks and advertisements are taken from active validators alone',
    rule: 'R19',
    patches: [
      {
        file: RECEIVE,
        find: "    case 'advertise-block':\n    case 'advertise-pc':\n    case 'block-sync-request':\n    case 'block-sync-response':\n      return false;\n",
        replace: "    case 'block-sync-request':\n      return false;\n",
      },
    ],
    traces: ['T32'],
    expected: [],
  },
  {
    name: 'a late response is not wanted any more',
    rule: 'late responses',
    patches: [
      {
        file: 'core/block-sync/requests.ts',
        find: '  const asked = askFirstOf(core, running.candidates);\n',
        replace: '  core.sync.requests.clear();\n  const asked = askFirstOf(core, running.candidates);\n',
      },
    ],
    traces: ['T35'],
    expected: ['late response'],
  },
  {
    name: 'stored data is read back empty',
    rule: 'storage',
    patches: [
      {
        file: 'storage/reads.ts',
        find: "return payload === null ? [] : decodeRecord(blockKey('data', height, hash), payload, readDatums);",
        replace:
          "return payload === null || hash.length > 0 ? [] : decodeRecord(blockKey('data', height, hash), payload, readDatums);",
      },
    ],
    traces: ['T8'],
    expected: [],
  },
  {
    name: 'responses carry blocks without their data',
    rule: 'R17',
    patches: [
      {
        file: 'storage/sync-response.ts',
        find: 'const data = isFull ? [] : stored.data();',
        replace: 'const data = isFull || !isFull ? [] : stored.data();',
      },
    ],
    traces: ['T18'],
    expected: [],
  },
];
