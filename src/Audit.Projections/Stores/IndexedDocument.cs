namespace Audit.Projections.Stores;

/// <summary>An event as the index has it.</summary>
/// <param name="Call">The <see cref="CallModel.Id"/> of its call; 0 for a note.</param>
/// <param name="At">When it happened.</param>
/// <param name="Start">Where its words begin in the batch's text, a space between each two.</param>
/// <param name="Words">How long they are.</param>
/// <param name="Marks">How long what follows them is: marks, and runs as wholes.</param>
internal readonly record struct IndexedDocument(long Position, long Call, long At, int Start, int Words, int Marks);
