/** What a line is about, beside its text. */
export type LogFields = Readonly<Record<string, string | number | null>>;

/** Lines for the node's owner. */
export interface Log {
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
}

/** Writes lines, for people or as JSON, with `fixed` fields in each. */
export function createLog(
  write: (line: string) => void,
  { json, fixed = {} }: { readonly json: boolean; readonly fixed?: LogFields },
): Log {
  const line = (level: string, text: string, fields: LogFields): void => {
    const time = new Date().toISOString();
    if (json) {
      write(`${JSON.stringify({ time, level, text, ...fixed, ...fields })}\n`);
      return;
    }
    const details = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    write(`${time} ${level} ${text}${details.join('')}\n`);
  };
  return {
    info: (text, fields = {}) => line('info', text, fields),
    warn: (text, fields = {}) => line('warn', text, fields),
    error: (text, fields = {}) => line('error', text, fields),
  };
}
