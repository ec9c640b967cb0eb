using Audit.Projections.Models;

namespace Audit.Projections.Folding;

/// <param name="Window">The window that let it be done, or that was open and did not.</param>
internal readonly record struct WindowMatch(WindowJudgement Judgement, string? Window);
