using Audit.Api.Intake;

namespace Audit.Api.Acting;

/// <summary>Decisions of people on calls, however they come: by the API or by a page.</summary>
internal sealed class Deciding(RecordIntake intake, IJournal journal, PeopleNow people, ApiSettings settings)
{
    /// <exception cref="RefusedException">There is no such call, or this bearer may not decide on it.</exception>
    public async Task<Receipt> DecideAsync(
        CallAddress address, StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        if ((actor.Roles & Roles.Approve) == 0)
        {
            throw new RefusedException(Problem.Forbidden(
                $"The token \"{actor.Name}\" lacks the role approve, by which calls are decided on; no other implies "
                    + "it."));
        }

        var wanted = DecisionRecord.Read(body, actor.Name) with { MayBeOwn = settings.AllowSelfApproval };
        var call = await ReadAsync(address, actor, cancellation);
        if (DecisionRecord.Repeated(call, wanted) is { } repeated)
        {
            return repeated;
        }

        var submission = await DecisionRecord.MakeAsync(
            address, call, wanted, actor, intake.Now, intake.Hasher, people, cancellation);
        return submission is null
            ? throw new RefusedException(Problem.Unprocessable(
                $"sequence: there is no question at sequence {wanted.Answers.Sequence} of this call."))
            : await intake.SubmitAsync(submission);
    }

    /// <exception cref="RefusedException">There is no such call, or the token is bound to others.</exception>
    public async Task<CallRead> ReadAsync(CallAddress address, Bearer bearer, CancellationToken cancellation)
    {
        var call = new CallRead(journal, address.Stream);
        await call.ReadOnAsync(cancellation);
        return !call.IsKnown ? throw new RefusedException(address.NotFound())
            : (call.RefuseFor(bearer) ?? bearer.RefuseSession(address.Session)) is not null
            ? throw new RefusedException(address.NotFound())
            : call;
    }
}
