import { invalid } from '../../../core/index.ts';
import type { ContainerConfig, CreateRequest, HostConfig } from '../../../engine/index.ts';
import { checkExtraHosts } from '../extra-hosts.ts';
import { checkMounts } from './check-mounts.ts';
import { checkResources } from './check-resources.ts';

/**
 * Checks all of a create request that can be checked without looking at images, names, networks or
 * the filesystem. Throws `invalid` in Docker's words.
 */
export function checkCreateRequest(request: CreateRequest, cpus: number): void {
  checkConfig(request.config);
  checkPorts(request.hostConfig);
  checkModes(request.hostConfig);
  checkResources(request.hostConfig, cpus);
  checkMounts(request.hostConfig);
}

function checkConfig(config: ContainerConfig): void {
  const { WorkingDir = '', StopSignal = '', Env = [], Healthcheck } = config;
  if (WorkingDir !== '' && !WorkingDir.startsWith('/')) {
    throw invalid(
      `the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const variable of Env) {
    if (variable === '' || variable.startsWith('=') || variable.includes('\0')) {
      throw invalid(`invalid environment variable: ${variable}`);
    }
  }
  if (StopSignal !== '') checkSignal(StopSignal);
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const durationNs = Healthcheck?.[name] ?? 0;
    if (durationNs !== 0 && durationNs < 1e6) {
      throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((Healthcheck?.Retries ?? 0) < 0) {
    throw invalid('Retries in Healthcheck cannot be negative');
  }
}

const signals = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT ' +
    'STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
);

/** Throws `invalid` unless the text is a signal's number, or its name with or without SIG. */
export function checkSignal(text: string): void {
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTM(?:IN\+|AX-)(\d{1,2})$/.exec(name);
  const known =
    number === undefined
      ? signals.has(name) || (realTime !== null && Number(realTime[1]) <= 15)
      : number >= 1 && number <= 64;
  if (!known) throw invalid(`invalid signal: ${text}`);
}

function checkPorts({ PortBindings = {} }: HostConfig): void {
  for (const [port, bindings] of Object.entries(PortBindings)) {
    const number = port.split('/')[0]!;
    if (!isPortRange(number)) throw invalid(`invalid port specification: "${number}"`);
    for (const { HostPort = '' } of bindings ?? []) {
      if (HostPort !== '' && !isPortRange(HostPort)) {
        throw invalid(`invalid port specification: "${HostPort}"`);
      }
    }
  }
}

function isPortRange(text: string): boolean {
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(range?.[1]);
  const last = Number(range?.[2] ?? range?.[1]);
  return range !== null && first <= last && last <= 65535;
}

const restartPolicies = ['', 'no', 'always', 'on-failure', 'unless-stopped'];

/** Throws `invalid` for a restart policy that contradicts itself. */
export function checkRestartPolicy({ RestartPolicy: policy }: Pick<HostConfig, 'RestartPolicy'>) {
  const { Name: name = '', MaximumRetryCount: retries = 0 } = policy ?? {};
  if (!restartPolicies.includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (retries !== 0 && name !== 'on-failure') {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  if (retries < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
}

function checkModes(host: HostConfig): void {
  checkRestartPolicy(host);
  if (host.AutoRemove && !['', 'no'].includes(host.RestartPolicy?.Name ?? '')) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  if (/^container:?$/.test(host.NetworkMode ?? '')) {
    throw invalid('invalid network mode: invalid container format container:<name|id>');
  }
  const modes = [
    ['IPC mode', host.IpcMode, /^(none|private|shareable|host|container:.+)?$/],
    ['PID mode', host.PidMode, /^(host|container:.+)?$/],
    ['UTS mode', host.UTSMode, /^(host)?$/],
    ['user namespace mode', host.UsernsMode, /^(host)?$/],
    ['cgroup namespace mode', host.CgroupnsMode, /^(private|host)?$/],
  ] as const;
  for (const [what, mode = '', valid] of modes) {
    if (!valid.test(mode)) throw invalid(`invalid ${what}: ${mode}`);
  }
  if ((host.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  const score = host.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) {
    throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  }
  checkExtraHosts(host.ExtraHosts ?? []);
}
