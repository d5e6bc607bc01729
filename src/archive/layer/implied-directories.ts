/**
 * A layer may have files in directories that it does not describe (umoci and Bazel write such layers): they are those
 * of the layers below. Each layer is unpacked by itself, so they are marked, until an image says what is below.
 */

/** On each directory of a layer that no entry described. */
export const impliedAttribute = "user.berth.implied";

/** On the root of a layer with at least one such directory. */
export const incompleteAttribute = "user.berth.incomplete";
