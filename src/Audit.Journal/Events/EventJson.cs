using System.Buffers.Text;

namespace Audit.Journal.Events;

/// <summary>Members that events of several kinds are written with.</summary>
public static class EventJson
{
    public static void WriteOptional(this Utf8JsonWriter json, EventField field, string? value)
    {
        if (value is not null)
        {
            json.WriteString(field, value);
        }
    }

    public static void WriteTexts(this Utf8JsonWriter json, EventField field, IEnumerable<string> texts) =>
        json.WriteTexts(field.Name, texts);

    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    public static void WriteHash(this Utf8JsonWriter json, EventField field, Fingerprint fingerprint)
    {
        if (!fingerprint.IsEmpty)
        {
            Span<byte> hash = stackalloc byte[Fingerprint.Length];
            fingerprint.CopyTo(hash);
            json.WriteBase64Url(field, hash);
        }
    }

    public static void WriteBase64Url(this Utf8JsonWriter json, EventField field, ReadOnlySpan<byte> bytes)
    {
        Span<byte> text = stackalloc byte[24];
        json.WriteString(field, text[..Base64Url.EncodeToUtf8(bytes, text)]);
    }

    /// <summary>By which policy it was asked or answered, and how long that holds.</summary>
    public static void WritePolicy(this Utf8JsonWriter json, CallMessage message)
    {
        if (message.Policy is { } policy)
        {
            json.WriteStartObject(EventField.Policy);
            json.WriteOptional(EventField.PolicyVersion, policy.Version);
            json.WriteOptional(EventField.PolicyRule, policy.Rule);
            json.WriteOptional(EventField.PolicyOrder, policy.Order);
            if (policy.People > 1)
            {
                json.WriteNumber(EventField.PolicyPeople, policy.People);
            }

            json.WriteOptional(EventField.PolicyKind, policy.Kind);
            json.WriteOptional(EventField.PolicyLocation, policy.Location);
            if (policy.Approvers is { } approvers)
            {
                json.WriteTexts(EventField.PolicyApprovers, approvers.Split('\n'));
            }

            json.WriteOptional(EventField.PolicyWould, policy.Would);
            json.WriteOptional(EventField.PolicyWouldRule, policy.WouldRule);
            json.WriteEndObject();
        }

        json.WriteOptional(EventField.ExpiresAt, message.ExpiresAt?.ToString());
    }

    /// <summary>By what a derived message is known, and how it stands to what another channel reported.</summary>
    public static void WriteChannel(this Utf8JsonWriter json, CallMessage message)
    {
        json.WriteOptional(EventField.DerivedId, message.DerivedId);
        json.WriteOptional(EventField.Channel, message.Channel);
        if (message.Said is { } said)
        {
            json.WriteStartObject(EventField.Compared);
            json.WriteHash(EventField.SaidOutcome, said.Outcome);
            json.WriteHash(EventField.SaidText, said.Text);
            json.WriteHash(EventField.SaidHead, said.Head);
            json.WriteHash(EventField.SaidLonger, said.Longer);
            json.WriteHash(EventField.SaidData, said.Data);
            json.WriteEndObject();
        }

        if (message.Beside is not { } beside)
        {
            return;
        }

        json.WriteStartObject(EventField.Beside);
        json.WriteNumber(EventField.BesideSequence, beside.Sequence);
        json.WriteTexts(EventField.Differing, Words.Of(beside.Differing));
        json.WriteEndObject();
        if (message.Confirms)
        {
            json.WriteStartObject(EventField.ConfirmedBy);
            json.WriteString(EventField.ConfirmingToken, message.Token);
            json.WriteString(EventField.ConfirmingChannel, message.Channel ?? Words.RecordsChannel);
            json.WriteEndObject();
        }
    }
}
