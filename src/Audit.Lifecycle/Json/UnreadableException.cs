namespace Audit.Lifecycle.Json;

/// <summary>
/// What was sent cannot be read. The message is one sentence that begins with the place. It never leaves the reader that
/// threw it other than as the `error` of a receipt or of a problem document.
/// </summary>
public sealed class UnreadableException(string place, string sentence)
    : Exception(place.Length == 0 ? sentence : $"{place}: {sentence}");
