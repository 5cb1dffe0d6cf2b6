import * as api from './api.js';
import { byId, element } from './dom.js';

/** The dialog in which an admin sets how a stream is watched. */

/** @typedef {import('./api.js').Detection} Detection */

const TIERS = [
  ['off', 'Off'],
  ['keyframes', 'Key frames, about one in two seconds'],
  ['fps:1', '1 frame a second'],
  ['fps:2', '2 frames a second'],
  ['fps:5', '5 frames a second'],
];

/**
 * @param {string} stream
 * @param {Detection} detection
 * @param {(detection: Detection) => void} onSaved
 */
export function showDetectionSettings(stream, { settings }, onSaved) {
  const dialog = byId('detection-dialog', HTMLDialogElement);
  const isListed = TIERS.some(([value]) => value === settings.tier);
  const tiers = isListed ? TIERS : [...TIERS, [settings.tier, settings.tier]];
  const tier = element(
    'select',
    { name: 'tier' },
    ...tiers.map(([value, text]) => element('option', { value: value ?? '' }, text ?? '')),
  );
  tier.value = settings.tier;
  const motionGate = element('input', {
    name: 'motionGate',
    type: 'checkbox',
    checked: settings.motionGate,
  });
  const labels = element('input', {
    name: 'labels',
    value: (settings.labels ?? []).join(', '),
    placeholder: 'all that the model knows',
    autocomplete: 'off',
  });
  const error = element('p', { className: 'error', role: 'alert' });
  const close = element('button', { className: 'button quiet', type: 'button' }, 'Cancel');
  close.addEventListener('click', () => dialog.close());
  const form = element(
    'form',
    { className: 'settings' },
    element('label', {}, 'Frames that are looked at', tier),
    element('label', {}, 'Labels, with commas between them', labels),
    element('label', { className: 'check' }, motionGate, 'Pass over frames in which nothing moves'),
    element(
      'p',
      { className: 'hint' },
      `Model: ${settings.model}. Zones, lines and faces are set over the API.`,
    ),
    error,
    element(
      'div',
      { className: 'actions' },
      close,
      element('button', { className: 'button primary', type: 'submit' }, 'Save'),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.textContent = '';
    try {
      const wanted = labelsOf(labels.value);
      const changes = { tier: tier.value, motionGate: motionGate.checked, labels: wanted };
      onSaved(await api.changeDetection(stream, changes));
      dialog.close();
    } catch (failure) {
      if (!(failure instanceof api.ApiError || failure instanceof api.UnreachableError)) throw failure;
      error.textContent = failure.message;
    }
  });
  byId('detection-title', HTMLElement).textContent = `Detection on ${stream}`;
  byId('detection-settings', HTMLElement).replaceChildren(form);
  dialog.showModal();
}

/**
 * `person, vehicle` as a list; `null` for none: the model's own.
 * @param {string} text
 */
export function labelsOf(text) {
  const labels = text
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');
  return labels.length === 0 ? null : [...new Set(labels)];
}
