namespace Audit.Projections.Models;

/// <summary>Numbers from one to another, both included.</summary>
public readonly record struct SeqRange(long From, long To);
