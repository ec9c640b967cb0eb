using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>What the law asks of a record.</summary>
/// <param name="Success">The success flag of the result, where the outcome carries one.</param>
/// <param name="ToolName">Null when the record leaves it empty.</param>
/// <param name="NeedsConfirmation">The tool's tier asks for a confirmation.</param>
/// <param name="Input">Of effective_input, else of requested_input; empty when the record has neither.</param>
/// <param name="Result">Of the result; empty when the outcome has none.</param>
/// <param name="Question">Of a request for confirmation: of all that a decision on it covers.</param>
public readonly record struct RecordFacts(
    string ToolCallId, MessageKind Kind, Timestamp RecordedAt, bool Success = false, string? ToolName = null,
    string? Provider = null, bool NeedsConfirmation = false, long Turn = 0, Fingerprint Input = default,
    Fingerprint Result = default, Fingerprint Question = default)
{
    /// <summary>Whether an outcome of this kind comes with a result.</summary>
    public static bool MayHoldResult(MessageKind kind) =>
        kind is MessageKind.Cached or MessageKind.Replayed or MessageKind.Completed or MessageKind.PersistenceFailed;
}

/// <summary>Which question a decision answers: the one at this sequence number, in these words.</summary>
public readonly record struct Answer(long Sequence, Fingerprint Question);

/// <summary>How a record or a note came.</summary>
/// <param name="Token">The name of the credential that it came with.</param>
/// <param name="Dedup">The keyed hash by which the same record is known again.</param>
/// <param name="Seq">The host's own number of the message within the session.</param>
/// <param name="Derived">A format adapter derived it from another system's words.</param>
/// <param name="DerivedId">By which a derived message is known again. No client can say it.</param>
/// <param name="Channel">The way by which a derived message came; null for what is sent as a record.</param>
/// <param name="TimeInferred">The source gave no time; it was inferred from its neighbours.</param>
/// <param name="MadeByNode">The node made it itself, of a decision that came through its API.</param>
/// <param name="Truncated">Its largest strings were cut before it was stored.</param>
/// <param name="Answers">Of a decision that the node made: the question. No host can say this.</param>
/// <param name="Person">Whose credential it is; null where nobody is named, and then the credential's name
/// counts.</param>
/// <param name="SelfApproved">
/// The person who is behind the question decides on it, where the node lets one person do both.
/// </param>
/// <param name="OfParty">
/// Of a decision: who decides is behind the source that asks, or has a token from somebody who is.
/// </param>
/// <param name="NotSeenWhole">Of an approval: something of the question was cut or redacted.</param>
/// <param name="MintedByParty">Of an approval: who asks or approves made its maker's token, within a day.</param>
/// <param name="Policy">Of what the node asks or answers by a policy of its own; no host can say this.</param>
/// <param name="ExpiresAt">Of a question: when it ends; of an approval: until when the tool may begin.</param>
/// <param name="Parent">The call of the same session in whose course this one was made; it may come later, or never.
/// </param>
public readonly record struct Delivery(
    Timestamp ReceivedAt, string Token, Fingerprint Dedup, long? Seq = null, string? MessageId = null,
    string? TaskId = null, bool Derived = false, bool TimeInferred = false, bool MadeByNode = false,
    bool Truncated = false, Answer? Answers = null, string? Person = null,
    bool SelfApproved = false, string? DerivedId = null, string? Channel = null, bool NotSeenWhole = false,
    bool MintedByParty = false, bool OfParty = false, PolicyMark? Policy = null, Timestamp? ExpiresAt = null,
    string? Parent = null);

/// <summary>By which policy of the node something was asked or answered.</summary>
/// <param name="Version">The SHA-256 of the policy's file; null where there was none.</param>
/// <param name="Rule">The rule that decided; null for the preset.</param>
/// <param name="Would">What would have been decided, where nothing was enforced.</param>
/// <param name="WouldRule">By which rule.</param>
/// <param name="Order">What decided instead of it: an approval that covers more calls than one, or a stop.</param>
/// <param name="People">Of a question: how many persons approve it.</param>
/// <param name="Approvers">Of a question: who may, as patterns, one a line; null for all.</param>
/// <param name="Kind">By which kind of request it was decided.</param>
/// <param name="Location">A keyed hash of the place for which an approval may hold.</param>
public sealed record PolicyMark(
    string? Version, string? Rule = null, string? Would = null, string? WouldRule = null, string? Order = null,
    int People = 1, string? Approvers = null, string? Kind = null, string? Location = null);
