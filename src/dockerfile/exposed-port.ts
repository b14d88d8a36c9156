/** The parts of a port as EXPOSE writes it, none of them judged. */
export interface PortParts {
  readonly hostIp: string;
  readonly hostPort: string;
  /** A port or a range, such as `8000-8010`. */
  readonly port: string;
  /** Empty when none is written, which means tcp. */
  readonly protocol: string;
}

/** Splits `[[ip:]hostPort:]port[/protocol]`. */
export function splitPort(text: string): PortParts {
  const parts = text.split(':');
  const last = parts.at(-1)!;
  const slash = last.indexOf('/');
  return {
    hostIp: parts.slice(0, -2).join(':'),
    hostPort: parts.at(-2) ?? '',
    port: slash < 0 ? last : last.slice(0, slash),
    protocol: slash < 0 ? '' : last.slice(slash + 1),
  };
}
