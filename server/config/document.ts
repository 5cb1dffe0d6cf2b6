import { type Setting, settings } from './settings.ts';

const HEAD = `# Configuration

Settings come from four places; the first that names a setting wins:

1. flags of \`framelog serve\`: \`--data\`, \`--http\`, \`--rtmp\`, \`--open\`, and \`--set NAME=VALUE\` for any setting;
2. environment variables, named in the tables;
3. a JSON file given with \`--config FILE\`, whose objects are the groups of the tables:
   \`{ "http": { "port": 80 }, "live": { "partMs": 200 } }\`;
4. the defaults.

Unknown names are refused in the file and in flags; an unknown \`FRAMELOG_\` variable is a warning. Sizes are bytes, or have
a unit: \`B\`, \`KiB\`, \`MiB\`, \`GiB\`, \`TiB\`. Relative paths count from the folder in which the server is started.

Two more variables preset the admin key: \`FRAMELOG_ACCESS_KEY_ID\` and \`FRAMELOG_SECRET_ACCESS_KEY\`. Without them the first
start makes one and writes it to \`admin-key.json\` in the data folder.

This page is made from \`server/config/schema.ts\` by \`node test/docs/write-docs.ts\`.
`;

/** The text of docs/configuration.md. */
export function documentConfig(): string {
  const byGroup = Map.groupBy(settings.values(), ({ name }) => name.slice(0, Math.max(0, name.indexOf('.'))));
  const tables = [...byGroup].map(([group, members]) => {
    const heading = group === '' ? '## The data folder' : `## ${group}`;
    const rows = members.map(row).join('\n');
    return `${heading}\n\n| setting | variable | value | default | what it does |\n|---|---|---|---|---|\n${rows}\n`;
  });
  return [HEAD, ...tables].join('\n');
}

function row(setting: Setting): string {
  const byDefault = setting.defaultText === undefined ? 'not set' : `\`${setting.defaultText}\``;
  const cells = [
    `\`${setting.name}\``,
    `\`${setting.variable}\``,
    setting.valueText,
    byDefault,
    setting.description,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
