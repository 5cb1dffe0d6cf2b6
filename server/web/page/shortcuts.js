/**
 * Lets keys of the keyboard act on the page, unless they are meant for a field, a button or a dialog.
 * @param {Readonly<Record<string, () => void>>} actions by KeyboardEvent.key
 * @param {() => boolean} areOn
 */
export function listenToShortcuts(actions, areOn) {
  document.addEventListener('keydown', (event) => {
    const { target, key } = event;
    const action = actions[key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!areOn() || document.querySelector('dialog[open]') !== null) return;
    if (target instanceof HTMLElement && target.matches('input, textarea, select')) return;
    // On a button the space bar means the button.
    if (key === ' ' && target instanceof HTMLButtonElement) return;
    event.preventDefault();
    action();
  });
}
