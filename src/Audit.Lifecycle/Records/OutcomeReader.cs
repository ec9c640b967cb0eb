using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Json;

namespace Audit.Lifecycle.Records;

/// <param name="Asked">Where the parts of a question lie that a decision on it covers.</param>
internal readonly record struct OutcomeFacts(
    MessageKind Kind, bool Success, Fingerprint Result, (Range Permission, Range Listening, Range Location) Asked);

/// <summary>
/// Reads the outcome of a record. Its kind may stand after its payload and is looked up first: a member that belongs to
/// another kind is as unknown here as any other, whatever its shape.
/// </summary>
internal static class OutcomeReader
{
    private static readonly string AcceptedKinds = string.Join(", ", Words.AllKinds);

    public static OutcomeFacts Read(ref StrictJsonReader json, RecordHasher hasher)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw json.Unreadable($"an object with a kind is expected, not {json.Quote()}");
        }

        var start = json.TokenStart;
        var found = new Found();
        found.HasKind = json.PeekString("kind"u8) is { } kind && Words.TryKind(kind, out found.Kind);
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            ReadMember(ref json, hasher, ref found);
        }

        json.Require(start, found.HasKind, "kind");
        RequirePayload(json, start, found);
        return new OutcomeFacts(found.Kind, found.Success ?? false, found.Result, found.Asked);
    }

    private static void ReadMember(ref StrictJsonReader json, RecordHasher hasher, ref Found found)
    {
        if (json.IsProperty("kind"u8))
        {
            json.Read();
            json.RequireString();
            if (!found.HasKind)
            {
                throw json.Unreadable($"the kind {json.Quote()} is not known; accepted are {AcceptedKinds}");
            }
        }
        else if (RecordFacts.MayHoldResult(found.Kind) && json.IsProperty("result"u8))
        {
            found.Result = ReadResult(ref json, hasher, ref found);
        }
        else if (HoldsReason(found.Kind) && json.IsProperty("reason"u8))
        {
            found.HasReason = ReadText(ref json);
        }
        else if (found.Kind == MessageKind.RequiresConfirmation && json.IsProperty("description"u8))
        {
            found.HasDescription = ReadText(ref json);
        }
        else if (found.Kind == MessageKind.PersistenceFailed && json.IsProperty("error"u8))
        {
            found.HasError = ReadText(ref json);
        }
        else if (found.Kind is MessageKind.Approved or MessageKind.Blocked && json.IsProperty("decision"u8))
        {
            found.Decision = ReadDecision(ref json);
        }
        else if (found.Kind == MessageKind.RequiresConfirmation && json.IsProperty("listen_context"u8))
        {
            found.Asked.Listening = ReadListenContext(ref json);
        }
        else if (found.Kind == MessageKind.RequiresConfirmation && json.IsProperty("permission"u8))
        {
            json.Read();
            found.Asked.Permission = Place(ref json);
        }
        else if (found.Kind == MessageKind.RequiresConfirmation && json.IsProperty("location"u8))
        {
            json.Read();
            found.Asked.Location = Place(ref json);
        }
        else
        {
            json.Read();
            json.Skip();
        }
    }

    private static bool HoldsReason(MessageKind kind) =>
        kind is MessageKind.Blocked or MessageKind.Invalidated or MessageKind.Cancelled;

    private static string? ReadDecision(ref StrictJsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        json.RequireString();
        return json.GetString();
    }

    private static bool ReadText(ref StrictJsonReader json)
    {
        json.Read();
        json.RequireString();
        return true;
    }

    private static Fingerprint ReadResult(ref StrictJsonReader json, RecordHasher hasher, ref Found found)
    {
        var before = json.CompactLength;
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw json.Unreadable($"an object with success and output is expected, not {json.Quote()}");
        }

        var start = json.TokenStart;
        var hasOutput = false;
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            if (json.IsProperty("success"u8))
            {
                json.Read();
                found.Success = json.TokenType is JsonTokenType.True or JsonTokenType.False
                    ? json.TokenType == JsonTokenType.True
                    : throw json.Unreadable($"true or false is expected, not {json.Quote()}");
            }
            else if (json.IsProperty("output"u8))
            {
                hasOutput = ReadText(ref json);
            }
            else if (json.IsProperty("duration_ms"u8))
            {
                ReadDuration(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        json.Require(start, found.Success is not null, "success");
        json.Require(start, hasOutput, "output");
        found.HasResult = true;
        return hasher.OfComparable(json.Source[start..json.TokenEnd], json.CompactLength - before);
    }

    private static void ReadDuration(ref StrictJsonReader json)
    {
        json.Read();
        if (json.TokenType is not (JsonTokenType.Number or JsonTokenType.Null))
        {
            throw json.Unreadable($"a number of milliseconds or null is expected, not {json.Quote()}");
        }
    }

    private static Range ReadListenContext(ref StrictJsonReader json)
    {
        json.Read();
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
        {
            throw json.Unreadable($"an object or null is expected, not {json.Quote()}");
        }

        return Place(ref json);
    }

    /// <summary>Goes past a value, and says where it lies.</summary>
    private static Range Place(ref StrictJsonReader json)
    {
        var start = json.TokenStart;
        json.Skip();
        return start..json.TokenEnd;
    }

    private static void RequirePayload(in StrictJsonReader json, int start, in Found found)
    {
        switch (found.Kind)
        {
            case MessageKind.RequiresConfirmation:
                json.Require(start, found.HasDescription, "description");
                break;
            case MessageKind.Blocked or MessageKind.Invalidated or MessageKind.Cancelled:
                json.Require(start, found.HasReason, "reason");
                break;
            case MessageKind.Cached or MessageKind.Replayed or MessageKind.Completed:
                json.Require(start, found.HasResult, "result");
                break;
            case MessageKind.PersistenceFailed:
                json.Require(start, found.HasError, "error");
                break;
            case MessageKind.Approved:
                json.Require(start, found.Decision is not null, "decision");
                RefuseUnknownApproval(json, start, found.Decision!);
                break;
        }
    }

    private static void RefuseUnknownApproval(in StrictJsonReader json, int start, string decision)
    {
        if (!ApprovingDecisions.Contains(decision))
        {
            throw json.Unreadable(
                start, "decision", $"\"{decision}\" does not approve; accepted are {ApprovingDecisions.Accepted}");
        }
    }

    private ref struct Found
    {
        public bool HasKind;
        public MessageKind Kind;
        public bool? Success;
        public bool HasResult;
        public Fingerprint Result;
        public bool HasReason;
        public bool HasDescription;
        public bool HasError;
        public string? Decision;
        public (Range Permission, Range Listening, Range Location) Asked;
    }
}
