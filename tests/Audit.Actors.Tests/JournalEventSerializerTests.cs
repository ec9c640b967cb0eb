using Akka.Configuration;
using Akka.Serialization;
using Akka.TestKit.Xunit2;

namespace Audit.Actors.Tests;

/// <summary>What the plugin stores are the golden files of the journal, octet for octet.</summary>
public sealed class JournalEventSerializerTests() : TestKit(
    ConfigurationFactory.ParseString("akka.actor.provider = local").WithFallback(HoconFiles.Read("cluster.conf")))
{
    public static TheoryData<string> Names => [.. Directory.GetFiles(Folder).Select(file => Path.GetFileNameWithoutExtension(file)!)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden");

    [Theory]
    [MemberData(nameof(Names))]
    public void an_event_is_stored_as_its_golden_file(string name)
    {
        var golden = File.ReadAllBytes(Path.Combine(Folder, name + ".json"));
        var manifest = name.Split('+')[0];
        var serializer = Serializer(new JournalEvent(manifest, golden));

        Assert.Equal(JournalTable.SerializerId, serializer.Identifier);
        Assert.Equal(manifest, serializer.Manifest(new JournalEvent(manifest, golden)));
        Assert.Equal(golden, serializer.ToBinary(new JournalEvent(manifest, golden)));
        var read = Assert.IsType<JournalEvent>(Sys.Serialization.Deserialize(golden, JournalTable.SerializerId, manifest));
        Assert.Equal(manifest, read.Manifest);
        Assert.Equal(golden, read.Message.ToArray());
    }

    [Fact]
    public void nothing_but_events_is_taken()
    {
        var serializer = Serializer(new JournalEvent("call.flooded.v2", default));

        Assert.Throws<ArgumentException>(() => serializer.ToBinary("a text"));
        Assert.Throws<ArgumentException>(() => serializer.Manifest(Stop.Instance));
    }

    private SerializerWithStringManifest Serializer(object happened) =>
        Assert.IsType<JournalEventSerializer>(Sys.Serialization.FindSerializerFor(happened));
}
