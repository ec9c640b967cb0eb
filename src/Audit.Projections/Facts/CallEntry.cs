namespace Audit.Projections.Facts;

/// <summary>An event of a call as the read models and as the law see it.</summary>
internal readonly record struct CallEntry(EventFacts Facts, CallEvent Happened);
