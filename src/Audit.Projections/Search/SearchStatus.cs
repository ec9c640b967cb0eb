using Audit.Projections.Feeding;

namespace Audit.Projections.Search;

/// <summary>A look at the text index.</summary>
/// <param name="Position">Everything up to here is searched.</param>
/// <param name="Sentence">With a halt, or with trouble: what is wrong.</param>
/// <param name="Lag">How old the newest event was when the index had it, the last time this node fed it.</param>
/// <param name="Unread">How many events cannot be read, and so are not found.</param>
/// <param name="LastUnread">The position of the last of them.</param>
/// <param name="LastUnreadSentence">What is wrong with it.</param>
public sealed record SearchStatus(
    ProjectionState State, long Position, string? Sentence, TimeSpan Lag, long Unread, long? LastUnread, string? LastUnreadSentence);
