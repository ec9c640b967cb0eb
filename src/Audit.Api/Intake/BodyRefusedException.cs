using Audit.Api.Answers;

namespace Audit.Api.Intake;

/// <summary>
/// The body cannot be read to its end. It never leaves the intake other than as a problem or as a stop of a stream.
/// </summary>
internal sealed class BodyRefusedException(Problem problem, Exception? inner = null) : Exception(problem.Detail, inner)
{
    public Problem Problem { get; } = problem;
}
