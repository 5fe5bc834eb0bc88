use rayon::prelude::*;
use unburn::{detect::*, frame::Gray, ocr::*};
fn main() {
    let lv = levels(unburn::config::Sensitivity::Normal);
    let reader = CtcReader::new(
        &std::fs::read("models/reader.rten").unwrap(),
        &std::fs::read_to_string("models/alphabet.txt").unwrap(),
    )
    .unwrap();
    let ls: Vec<String> = std::fs::read_to_string("/tmp/ev/list2")
        .unwrap()
        .lines()
        .map(|s| s.to_string())
        .collect();
    let out:Vec<String>=ls.par_iter().map(|l|{ let f:Vec<&str>=l.split(' ').collect(); let (w,h):(u32,u32)=(f[1].parse().unwrap(),f[2].parse().unwrap());
  let g=Gray{width:w,height:h,data:std::fs::read(format!("/tmp/ev/d/{}.g",f[0])).unwrap()}; let m=std::fs::read(format!("/tmp/ev/d/{}.m",f[0])).unwrap(); let (mw,mh)=(w.div_ceil(16)*8,h.div_ceil(16)*8); let n=(mw*mh) as usize;
  let cells=(0..n).map(|i|{let r=m[i];let c=m[n+i]; lv.region.iter().filter(|t|r>=**t).count() as u8 | (lv.core.iter().filter(|t|c>=**t).count() as u8)<<2}).collect();
  let t=TextMap{width:mw,height:mh,cells}; let ls=find_lines(&t,&g);
  serde_json::json!({"k":f[0],"lines":ls.iter().map(|l|{ let r=reader.read(&g,l); serde_json::json!({"t":l.tight,"c":l.cover,"s":0,"st":format!("{:?}",l.strength),"strong":l.strength==unburn::line::Strength::Strong,"text":r.text(),"conf":r.confidence,"o":format!("{:?}",r.orientation)})}).collect::<Vec<_>>()}).to_string()}).collect();
    for o in out {
        println!("{o}");
    }
}
