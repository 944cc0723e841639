// The words of the pages, read from the same files as the pages'.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../../internal/i18n/locales/", import.meta.url);
const all = {};

// plain makes no-break spaces ordinary: French has them before its marks.
export const plain = (s) => s.replace(/[\u00a0\u202f]/g, " ");

// wordsOf gives the words of a language by key.
export function wordsOf(lang) {
  all[lang] ??= load(lang);
  return (key, args = {}) => {
    const found = all[lang].get(key);
    if (found === undefined) throw new Error(`no words for ${key} in ${lang}`);
    return plain(found).replace(/\{\{\.(\w+)\}\}/g, (whole, name) => args[name] ?? whole);
  };
}

// load reads plain keys and tables of strings: what the journeys need of TOML.
function load(lang) {
  const out = new Map();
  const files = new URL(`${lang}/`, folder);
  for (const name of readdirSync(files)) {
    let table = "";
    for (const line of readFileSync(new URL(name, files), "utf8").split("\n")) {
      const head = line.match(/^\[([^\]]+)\]/);
      if (head) table = head[1].replaceAll('"', "") + ".";
      const pair = line.match(/^\s*("[^"]+"|[\w.-]+)\s*=\s*("(?:[^"\\]|\\.)*")\s*(#.*)?$/);
      if (pair) out.set(table + pair[1].replaceAll('"', ""), JSON.parse(pair[2]));
    }
  }
  return out;
}

wordsOf("fr")("shell.service");

// prefixes are first parts of keys: on a page they are words that are missing.
export const prefixes = [...new Set([...all.fr.keys()].map((k) => k.split(".")[0]))];
