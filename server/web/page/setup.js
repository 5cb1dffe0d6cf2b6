import * as api from './api.js';
import { element } from './dom.js';

/** How to push a camera: a name, a stream key, and the commands to copy. */

/** @typedef {import('./api.js').Session} Session */

const NAME_PATTERN = '[A-Za-z0-9_.\\-]{1,256}';

/**
 * Fills a place with the form that asks for a name, and then with what the camera needs.
 * @param {HTMLElement} place
 * @param {Session} session
 */
export function showSetup(place, session) {
  const isOpen = session.principal.kind === 'open';
  if (!session.isAdmin) {
    place.replaceChildren(
      element(
        'p',
        {},
        `Ask an admin for a stream key, then push to ${session.publishUrl}/<stream>?key=<key>.`,
      ),
    );
    return;
  }
  const name = element('input', {
    name: 'name',
    required: true,
    pattern: NAME_PATTERN,
    placeholder: 'front-door',
    autocomplete: 'off',
    title: 'Letters, digits, dot, dash and underscore',
  });
  const error = element('p', { className: 'error', role: 'alert' });
  const form = element(
    'form',
    {},
    element('label', {}, 'Name of the camera', name),
    element(
      'button',
      { className: 'button primary', type: 'submit' },
      isOpen ? 'Show how to push' : 'Make a stream key',
    ),
  );
  const result = element('div', { className: 'setup' });
  place.replaceChildren(element('div', { className: 'setup' }, form, error, result));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.textContent = '';
    try {
      const secret = isOpen ? undefined : await makeStreamKey(name.value);
      result.replaceChildren(...instructions(session.publishUrl, name.value, secret));
    } catch (failure) {
      if (!(failure instanceof api.ApiError || failure instanceof api.UnreachableError)) throw failure;
      error.textContent = failure.message;
    }
  });
}

/**
 * The stream may be there already: then this is one more key for it.
 * @param {string} name
 */
async function makeStreamKey(name) {
  try {
    await api.createStream(name);
  } catch (error) {
    if (!(error instanceof api.ApiError && error.code === 'already-exists')) throw error;
  }
  const { secret } = await api.createPublishKey(name);
  return secret;
}

/**
 * @param {string} publishUrl
 * @param {string} name
 * @param {string | undefined} secret
 */
function instructions(publishUrl, name, secret) {
  const streamKey = secret === undefined ? name : `${name}?key=${secret}`;
  const url = `${publishUrl}/${streamKey}`;
  const note =
    secret === undefined
      ? []
      : [
          element(
            'p',
            {},
            'Copy it now: the key is shown this one time. The picture appears as soon as the camera pushes.',
          ),
        ];
  return [
    ...note,
    copyable('ffmpeg', `ffmpeg -re -i INPUT -c copy -f flv "${url}"`),
    copyable('OBS: Settings → Stream → Custom → Server', publishUrl),
    copyable('OBS: Stream Key', streamKey),
  ];
}

/**
 * @param {string} title
 * @param {string} text
 */
function copyable(title, text) {
  const button = element('button', { className: 'button', type: 'button' }, 'Copy');
  const code = element('code', {}, text);
  button.addEventListener('click', () => copyText(text, button, code));
  return element(
    'div',
    { className: 'copyable' },
    element('span', {}, title),
    element('div', {}, code, button),
  );
}

/**
 * Copies and says so on the button. Over plain HTTP browsers give pages no clipboard: then the text is selected to be copied by hand.
 * @param {string} text
 * @param {HTMLElement} button
 * @param {HTMLElement} [fallback]
 */
export async function copyText(text, button, fallback) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  } catch {
    if (fallback !== undefined) getSelection()?.selectAllChildren(fallback);
    else prompt('Copy this link:', text);
  }
}
