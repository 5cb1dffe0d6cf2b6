import * as api from './api.js';
import { byId, setText } from './dom.js';

/** The view of somebody whom the server does not know. */

/**
 * Makes the form work.
 * @param {() => Promise<void>} onSignedIn
 */
export function listenToSignIn(onSignedIn) {
  const form = byId('sign-in-form', HTMLFormElement);
  const error = byId('sign-in-error', HTMLElement);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    setText(error, '');
    try {
      await api.signIn(String(new FormData(form).get('secret')));
    } catch (failure) {
      if (!(failure instanceof api.ApiError || failure instanceof api.UnreachableError)) throw failure;
      const isWrong = failure instanceof api.ApiError && failure.status === 401;
      setText(error, isWrong ? 'No key has this secret.' : failure.message);
      return;
    }
    form.reset();
    byId('sign-in', HTMLElement).hidden = true;
    await onSignedIn();
  });
}

/** Asks to sign in; whoever came by a login link that is no good is told so. */
export function showSignIn() {
  if (location.pathname === '/login') {
    setText(byId('sign-in-reason', HTMLElement), 'This login link was used before, or has expired.');
    // The link's token has no business in the address any more.
    history.replaceState(null, '', '/');
  }
  byId('sign-in', HTMLElement).hidden = false;
}
