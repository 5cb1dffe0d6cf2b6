import type { GivenValue, Layer } from './parse.ts';
import { settings, valueOfText } from './settings.ts';
import { suggest } from './suggest.ts';

/** Variables with our prefix that are no settings: the preset admin key (access/first-start.ts). */
const OTHER_VARIABLES = ['FRAMELOG_ACCESS_KEY_ID', 'FRAMELOG_SECRET_ACCESS_KEY'];

const PREFIX = 'FRAMELOG_';

/**
 * Reads the settings in the environment. An empty variable counts as not set. An unknown one is a warning, not an
 * error: Kubernetes puts FRAMELOG_SERVICE_HOST and the like beside a service of that name.
 */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): {
  readonly layer: Layer;
  readonly warnings: readonly string[];
} {
  const byVariable = new Map([...settings.values()].map((setting) => [setting.variable, setting]));
  const layer = new Map<string, GivenValue>();
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || OTHER_VARIABLES.includes(variable) || text === undefined) continue;
    const setting = byVariable.get(variable);
    if (setting === undefined) {
      const meant = suggest(
        variable.slice(PREFIX.length),
        [...byVariable.keys()].map((name) => name.slice(PREFIX.length)),
      );
      const hint = meant === undefined ? '' : `; did you mean ${PREFIX}${meant}?`;
      warnings.push(`environment variable ${variable} is not a setting and is ignored${hint}`);
    } else if (text !== '') {
      layer.set(setting.name, { value: valueOfText(setting, text), source: variable });
    }
  }
  return { layer, warnings };
}
