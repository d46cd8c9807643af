/**
 * `<sightline-ask bundle="…/bundle.json" src="dog.jpg" question="Where is the dog?">`: a picture, a question, and the answer of each model.
 * Nothing of a model is fetched before the button is pressed.
 */
export class SightlineAsk extends HTMLElement {}

declare global {
  interface HTMLElementTagNameMap {
    "sightline-ask": SightlineAsk;
  }
}
