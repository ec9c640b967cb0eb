namespace Audit.Projections;

/// <param name="Window">The window that let it be done, or that was open and did not.</param>
internal readonly record struct WindowMatch(Judgement Judgement, string? Window);
