using Audit.Projections.Models;

namespace Audit.Projections.Queries;

/// <summary>A command that was given in the time of a window.</summary>
/// <param name="At">The first message of it in that time.</param>
/// <param name="Judgement">How that message was judged.</param>
/// <param name="Call">What was asked, what came of it, and who approved it.</param>
public sealed record WindowDeed(Timestamp At, WindowJudgement Judgement, CallModel Call);
