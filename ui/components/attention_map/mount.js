// The pictures as a component of their own.

export default function ({ data, parentElement, setTriggerValue }) {
  const map = (parentElement.attentionMap ??= new AttentionMap(parentElement));
  map.tell = (selection) => setTriggerValue("select", selection);
  map.show(readMessage(data));
  return () => map.close();
}
