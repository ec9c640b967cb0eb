using Akka.Actor;
using Akka.Serialization;

namespace Audit.Actors.Journal;

/// <summary>
/// An event on its way into the journal or out of it: its bytes are made and read by Audit.Journal alone.
/// </summary>
internal sealed record JournalEvent(string Manifest, ReadOnlyMemory<byte> Message) : IJournalEvent
{
    /// <summary>The writer's hold on its stream; null for an event that was read.</summary>
    public StreamHandle? Stream { get; init; }

    /// <summary>Where it lies; set by the journal when it was written or read.</summary>
    public long Position { get; set; }
}

/// <summary>Stands where a stream's events would: they could not be read, and nothing may be decided.</summary>
internal sealed record ReadFailed(string Reason);

/// <summary>
/// Marks what is persisted. The serializer is bound to this marker, for Akka.Persistence.Sql asks for the binding of
/// the event's own type, and one to System.Object would not reach it.
/// </summary>
internal interface IJournalEvent;

/// <summary>
/// Puts an event into its row as it is: the manifest names it, and the bytes are the JSON that the other engine writes
/// too.
/// </summary>
internal sealed class JournalEventSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => JournalTable.SerializerId;

    public override string Manifest(object o) => Event(o).Manifest;

    public override byte[] ToBinary(object obj) => Event(obj).Message.ToArray();

    public override object FromBinary(byte[] bytes, string manifest) => new JournalEvent(manifest, bytes);

    private static JournalEvent Event(object o) =>
        o as JournalEvent ?? throw new ArgumentException($"A {o.GetType()} is no event of the journal.", nameof(o));
}
