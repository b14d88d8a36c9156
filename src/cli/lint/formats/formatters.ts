import type { Formatter } from '../report.ts';
import { checkstyle } from './checkstyle.ts';
import { codacy } from './codacy.ts';
import { codeclimate, gitlabCodeclimate } from './codeclimate.ts';
import type { FormatName } from './format-name.ts';
import { gnu } from './gnu.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { sarif } from './sarif.ts';
import { sonarqube } from './sonarqube.ts';
import { tty } from './tty.ts';

export const formatters: Readonly<Record<FormatName, Formatter>> = {
  tty,
  json,
  checkstyle,
  codeclimate,
  gitlab_codeclimate: gitlabCodeclimate,
  gnu,
  codacy,
  sonarqube,
  sarif,
  junit,
};
